"""Writes the trained model as a diffusers folder in half precision.

usage: export.py RUN_FOLDER OUTPUT_FOLDER
The latents are white by themselves, so scaling_factor is 1.
"""
import argparse
from pathlib import Path
import shutil

import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from denoiser import Model, load_autoencoder, scheduler


def pipeline(run: Path) -> StableDiffusionPipeline:
    """What a run has learnt."""
    tokenizer = CLIPTokenizer.from_pretrained(run / "tokenizer")
    model = Model(len(tokenizer))
    model.load_state_dict(torch.load(run / "denoiser.pt", map_location="cpu")["average"])
    return StableDiffusionPipeline(
        vae=load_autoencoder(run, "cpu"), text_encoder=model.text, tokenizer=tokenizer, unet=model.unet, scheduler=scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("output", type=Path)
    a = p.parse_args()
    pipe = pipeline(a.run).to(torch.float16)
    pipe.vae.register_to_config(force_upcast=False)
    pipe.save_pretrained(a.output, safe_serialization=True)
    for file in a.output.rglob("*.safetensors"):
        file.chmod(0o644)
    shutil.rmtree(a.output / "tokenizer")
    shutil.copytree(a.run / "tokenizer", a.output / "tokenizer")
    shutil.copy(a.run / "words.json", a.output / "words.json")
    size = sum(f.stat().st_size for f in a.output.rglob("*") if f.is_file())
    print(f"{size / 2**20:.1f} MiB in {a.output}")


if __name__ == "__main__":
    main()
