"""Write what single networks of the tiny models give: tests/golden/nn/<model>.safetensors.

    python tests/oracle/blocks.py [model …]

Names in a file: <network>.<case>.<tensor>. Inputs are rounded to f16 and stored so; results are f32, computed in f32.
Images and latents are NCHW as in torch.
"""
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import AutoTokenizer, CLIPTextModel, CLIPTextModelWithProjection

from common import GOLDEN, MODELS, generator, save_tensors
from models import MODEL_TABLE

PROMPTS = ["", "a red apple on the LEFT, und 3 Äpfel — it's 日本 🍎"]
# batch, height, width, timestep; heights and widths that two halvings do not divide are ordinary.
UNET_CASES = [(2, 10, 6, 981), (1, 9, 13, 421.625), (1, 5, 7, 0)]
VAE_CASES = [(5, 7), (4, 2)]


def load(cls, name, part):
    variant = MODEL_TABLE[name].get("variant")
    return cls.from_pretrained(MODELS / name / part, variant=variant, dtype=torch.float32)


def text_goldens(name, part):
    projected = part == "text_encoder_2"
    encoder = load(CLIPTextModelWithProjection if projected else CLIPTextModel, name, part)
    tokenizer = AutoTokenizer.from_pretrained(MODELS / name / part.replace("text_encoder", "tokenizer"))
    for i, prompt in enumerate(PROMPTS):
        ids = tokenizer(prompt, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
        out = encoder(ids, output_hidden_states=True)
        yield f"{part}.{i}.ids", ids
        yield f"{part}.{i}.last", out.last_hidden_state
        yield f"{part}.{i}.penultimate", out.hidden_states[-2]
        if projected:
            yield f"{part}.{i}.pooled", out.text_embeds


def unet_goldens(name):
    unet = load(UNet2DConditionModel, name, "unet")
    config = unet.config
    for i, (batch, height, width, timestep) in enumerate(UNET_CASES):
        g = generator(i)
        sample = half(torch.randn(batch, 4, height, width, generator=g))
        context = half(torch.randn(batch, 77, config.cross_attention_dim, generator=g))
        added = None
        if config.addition_embed_type:
            pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            sizes = torch.tensor([[8.0 * height, 8.0 * width, 0, 24, 512, 768]] * batch)
            added = {"text_embeds": half(torch.randn(batch, pooled, generator=g)), "time_ids": sizes}
            for key, value in added.items():
                yield f"unet.{i}.{key}", value.half()
        yield f"unet.{i}.sample", sample.half()
        yield f"unet.{i}.context", context.half()
        yield f"unet.{i}.timestep", torch.tensor([float(timestep)])
        yield f"unet.{i}.output", unet(sample, timestep, context, added_cond_kwargs=added).sample


def vae_goldens(name):
    vae = load(AutoencoderKL, name, "vae")
    factor = 2 ** (len(vae.config.block_out_channels) - 1)
    for i, (height, width) in enumerate(VAE_CASES):
        g = generator(i)
        latents = half(torch.randn(1, 4, height, width, generator=g) / vae.config.scaling_factor)
        image = half(torch.rand(1, 3, height * factor, width * factor, generator=g) * 2 - 1)
        yield f"vae.{i}.latents", latents.half()
        yield f"vae.{i}.decoded", vae.decode(latents).sample
        yield f"vae.{i}.image", image.half()
        yield f"vae.{i}.moments", vae.encode(image).latent_dist.parameters


def half(x):
    """Round to f16, keep as f32: what the file can hold exactly."""
    return x.half().float()


if __name__ == "__main__":
    for name in sys.argv[1:] or MODEL_TABLE:
        tensors = {}
        for part in [key for key in MODEL_TABLE[name] if key.startswith("text_encoder")]:
            tensors |= text_goldens(name, part)
        tensors |= unet_goldens(name)
        tensors |= vae_goldens(name)
        path = GOLDEN / "nn" / f"{name}.safetensors"
        save_tensors(path, tensors)
        print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size // 1024} KiB")
