"""Write where the tiny UNets see their tokens: tests/golden/nn/heat.safetensors.

    python tests/oracle/heat.py

Inputs are those of the second case in golden/nn (blocks.py), and the same at timestep 5. An attention processor of
diffusers keeps the probabilities of every cross-attention. `<model>.<height>x<width>` is [objects, height, width]: the mean
over heads, summed over the layers of that size and over both timesteps, of token 2 (the first object) and of tokens 5 and 6,
half of each (the second). `<model>.layers.<height>x<width>` is how many layers that were.
"""
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file

from blocks import load
from common import GOLDEN, save_tensors
from models import MODEL_TABLE

OBJECTS = {0: [2], 1: [5, 6]}
TIMESTEPS = (421.625, 5)


class Watching:
    """diffusers' plain attention, which keeps where the objects' tokens are seen."""

    def __init__(self, seen):
        self.seen = seen

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, **_):
        context = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key, value = attn.head_to_batch_dim(attn.to_k(context)), attn.head_to_batch_dim(attn.to_v(context))
        probabilities = attn.get_attention_scores(query, key, attention_mask)
        if encoder_hidden_states is not None:
            mean = probabilities.mean(0)  # over heads: the batch is one
            self.seen.append(torch.stack([mean[:, tokens].mean(1) for tokens in OBJECTS.values()]))
        return attn.to_out[0](attn.batch_to_head_dim(torch.bmm(probabilities, value)))


@torch.no_grad()
def golden(name):
    part = {k.removeprefix("unet.1."): v.float() for k, v in load_file(GOLDEN / "nn" / f"{name}.safetensors").items()}
    unet = load(UNet2DConditionModel, name, "unet")
    seen = []
    unet.set_attn_processor(Watching(seen))
    added = {k: part[k] for k in ("text_embeds", "time_ids") if k in part} or None
    for timestep in TIMESTEPS:
        unet(part["sample"], timestep, part["context"], added_cond_kwargs=added)
    height, width = part["sample"].shape[2:]
    sizes = {}
    while height * width not in sizes:
        sizes[height * width] = (height, width)
        height, width = (height + 1) // 2, (width + 1) // 2
    tensors = {}
    for rows, (h, w) in sizes.items():
        maps = [m for m in seen if m.shape[1] == rows]
        if maps:
            tensors[f"{name}.{h}x{w}"] = sum(maps).reshape(len(OBJECTS), h, w)
            tensors[f"{name}.layers.{h}x{w}"] = torch.tensor([len(maps) / len(TIMESTEPS)])
    return tensors


if __name__ == "__main__":
    tensors = {}
    for name in MODEL_TABLE:
        tensors |= golden(name)
    save_tensors(GOLDEN / "nn" / "heat.safetensors", tensors)
