"""Scores the exported model on one-object prompts with the judge, and draws the sheet of the first 64 pictures.

usage: evaluate.py MODEL_FOLDER RUN_FOLDER SHEET.png --count 300
MODEL_FOLDER may be the run's own: what it has learnt so far. Prompt k has seed k; every picture counts. Half the prompts name a colour, a third a background.
"""
import argparse
from math import sqrt
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from concepts import COLOURS, DRAWN, NAMES, PLAIN, described
from export import pipeline
from judge import load_judge, look


def prompts(count: int, names: list[str], colours: list[str], places: list[str]) -> list[tuple[str, str, str | None]]:
    """Prompt, object, colour. Goes through all objects; colours and backgrounds by turns."""
    out = []
    for k in range(count):
        name = names[k * 7 % len(names)]
        colour = colours[k // 2 % len(colours)] if k % 2 else None
        where = f" {places[k // 3 % len(places)]}" if k % 3 == 2 else ""
        out.append((described(name, colour) + where, name, colour))
    return out


def interval(hits: int, total: int) -> str:
    """Share and Wilson's 95 % interval in per cent."""
    z, share = 1.96, hits / total
    middle, half = share + z * z / (2 * total), z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low, high = ((middle + s * half) / (1 + z * z / total) for s in (-1, 1))
    return f"{100 * share:.1f} % ({100 * low:.0f}–{100 * high:.0f}) of {total}"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model", type=Path)
    p.add_argument("run", type=Path)
    p.add_argument("sheet", type=Path)
    p.add_argument("--count", type=int, default=300)
    p.add_argument("--size", type=int, default=256)
    p.add_argument("--first", action="store_true", help="only what the first edition knew (64 things, eight colours, seven drawn places), to compare editions")
    p.add_argument("--steps", type=int, default=20)
    p.add_argument("--guidance", type=float, default=4.0)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    device = a.device
    pipe = pipeline(a.model) if (a.model / "denoiser.pt").exists() else StableDiffusionPipeline.from_pretrained(a.model, torch_dtype=torch.float32)
    pipe.to(device)
    pipe.set_progress_bar_config(disable=True)
    names, colours, drawn = NAMES, list(COLOURS), list(DRAWN.values())
    if a.first:
        names, colours, drawn = names[:64], colours[:8], drawn[:7]
    asked, pictures = prompts(a.count, names, colours, [f"on a {p} background" for p in PLAIN] + drawn), []
    batch = 8 if device == "cpu" else 60
    for k in range(0, a.count, batch):
        part = asked[k:k + batch]
        noise = [torch.Generator().manual_seed(k + i) for i in range(len(part))]
        made = pipe([one[0] for one in part], width=a.size, height=a.size, num_inference_steps=a.steps, guidance_scale=a.guidance, generator=noise)
        pictures += [np.asarray(image) for image in made.images]
    cells = pictures[:64]
    Image.fromarray(np.concatenate([np.concatenate(cells[k:k + 8], 1) for k in range(0, len(cells) // 8 * 8, 8)])).save(a.sheet)
    judge = load_judge(a.run)
    # A model of half the size is judged on its pictures doubled.
    pictures = [p.repeat(2, 0).repeat(2, 1) for p in pictures] if a.size < 256 else pictures
    seen = [found for k in range(0, a.count, 16) for found in look(judge, pictures[k:k + 16])]
    right = sum(name in [f.name for f in found] for (_, name, _), found in zip(asked, seen))
    first = sum(bool(found) and found[0].name == name for (_, name, _), found in zip(asked, seen))
    coloured = [(colour, found) for (_, _, colour), found in zip(asked, seen) if colour]
    hue = sum(bool(found) and found[0].colour == colour for colour, found in coloured)
    print(f"object seen: {interval(right, a.count)}")
    print(f"object seen as the largest: {interval(first, a.count)}")
    print(f"colour of the largest object right, where asked: {interval(hue, len(coloured))}")


if __name__ == "__main__":
    main()
