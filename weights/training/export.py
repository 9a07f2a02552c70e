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


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("output", type=Path)
    a = p.parse_args()
    saved = torch.load(a.run / "denoiser.pt", map_location="cpu")
    tokenizer = CLIPTokenizer.from_pretrained(a.run / "tokenizer")
    model = Model(len(tokenizer))
    model.load_state_dict(saved["average"])
    vae = load_autoencoder(a.run, "cpu")
    vae.register_to_config(force_upcast=False)
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=model.text, tokenizer=tokenizer, unet=model.unet, scheduler=scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False).to(torch.float16)
    pipe.save_pretrained(a.output, safe_serialization=True)
    for file in a.output.rglob("*.safetensors"):
        file.chmod(0o644)
    shutil.rmtree(a.output / "tokenizer")
    shutil.copytree(a.run / "tokenizer", a.output / "tokenizer")
    shutil.copy(a.run / "words.json", a.output / "words.json")
    size = sum(f.stat().st_size for f in a.output.rglob("*") if f.is_file())
    print(f"step {saved['step']}: {size / 2**20:.1f} MiB in {a.output}")


if __name__ == "__main__":
    main()
