"""Starts a denoiser with an earlier edition's weights: words by their spelling, channels in order, what is new at small values."""
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer


def fill(own: dict[str, torch.Tensor], other: dict[str, torch.Tensor], skip=()):
    """Copies other's tensors into the leading part of own's of the same name; the rest of a widened one becomes small."""
    for name, old in other.items():
        if name in skip:
            continue
        new = own[name]
        if new.shape != old.shape:
            new.mul_(0.1)
        new[tuple(slice(n) for n in old.shape)] = old.to(new.dtype)


@torch.no_grad()
def inherit(model, tokenizer: CLIPTokenizer, folder: Path):
    """`model` has .unet and .text; `folder` is a diffusers folder of the same widths with as many latent channels or fewer."""
    fill(model.unet.state_dict(), UNet2DConditionModel.from_pretrained(folder / "unet").state_dict())
    text = CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict()
    words = next(name for name in text if name.endswith("token_embedding.weight"))
    fill(model.text.state_dict(), text, {words})
    known, table = CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab(), model.text.state_dict()[words]
    for token, k in tokenizer.get_vocab().items():
        if token in known:
            table[k] = text[words][known[token]]
