"""Writes the trained model as a diffusers folder in half precision.

usage: export.py RUN_FOLDER OUTPUT_FOLDER --modules node_modules
The mean and spread of the latents go into the autoencoder's 1 × 1 convolutions, so scaling_factor is 1.
"""
import argparse
import json
from pathlib import Path
import shutil

import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from autoencoder import LATENT, silence_variance
from denoiser import Model, load_autoencoder, scheduler
from words import words


@torch.no_grad()
def fold_normalisation(vae, mean: torch.Tensor, spread: torch.Tensor):
    """Latents leave the encoder as (z − mean) / spread and the decoder takes them as such. mean, spread [1, channels, 1, 1]."""
    mean, spread = mean.flatten(), spread.flatten()
    vae.quant_conv.weight[:LATENT] /= spread.view(-1, 1, 1, 1)
    vae.quant_conv.bias[:LATENT] = (vae.quant_conv.bias[:LATENT] - mean) / spread
    silence_variance(vae)
    vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ mean
    vae.post_quant_conv.weight *= spread.view(1, -1, 1, 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("output", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    a = p.parse_args()
    saved = torch.load(a.run / "denoiser.pt", map_location="cpu")
    tokenizer = CLIPTokenizer.from_pretrained(a.run / "tokenizer")
    model = Model(len(tokenizer))
    model.load_state_dict(saved["average"])
    vae = load_autoencoder(a.run, "cpu")
    fold_normalisation(vae, saved["mean"], saved["spread"])
    vae.register_to_config(force_upcast=False)
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=model.text, tokenizer=tokenizer, unet=model.unet, scheduler=scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False).to(torch.float16)
    pipe.save_pretrained(a.output, safe_serialization=True)
    for file in a.output.rglob("*.safetensors"):
        file.chmod(0o644)
    shutil.rmtree(a.output / "tokenizer")
    shutil.copytree(a.run / "tokenizer", a.output / "tokenizer")
    (a.output / "words.json").write_text(json.dumps(words(a.modules), indent=1) + "\n")
    size = sum(f.stat().st_size for f in a.output.rglob("*") if f.is_file())
    print(f"step {saved['step']}: {size / 2**20:.1f} MiB in {a.output}")


if __name__ == "__main__":
    main()
