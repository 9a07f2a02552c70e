"""How far a model's pictures are from real scenes of the same captions, crop by crop: a Fréchet distance like FID's (Heusel et al.,
arXiv 1706.08500) in the judge's own features instead of Inception's, which never saw such pictures. Compare editions by ratio.

usage: distance.py MODEL_FOLDER… RUN_FOLDER --count 256 [--first]    of several models each is also given as a multiple of the first
Two features: the judge's stem on the picture at full size (crops of 15 pixels: sharpness, edges, texture) and its body (crops of some 300
pixels: shapes). Real scenes against other real scenes are the floor. Seeds: scenes 80 000, pictures 0 and up.
"""
import argparse
from pathlib import Path
import random

import numpy as np
import torch
from diffusers import StableDiffusionPipeline

from autoencoder import to_tensor
from captions import caption
from concepts import COLOURS, DRAWN, NAMES
from judge import Judge, load_judge
from scenes import Scene, Studio


def known_to_first(scene: Scene) -> bool:
    """Whether the first edition was taught all that is in it."""
    places = list(DRAWN)[:7]
    return scene.style == "3d" and (not scene.drawn or scene.background in places) and all(
        t.name in NAMES[:64] and t.colour in [None, *list(COLOURS)[:8]] for t in scene.things)


def scenes(run: Path, seed: int, count: int, first: bool) -> list[Scene]:
    studio, out = Studio(run, seed), []
    while len(out) < count:
        scene = studio.scene(16, 16, *studio.random.choice([(1, [7]), (1, [11]), (2, [7])]), spill=0)
        if not first or known_to_first(scene):
            out.append(scene)
    return out


@torch.no_grad()
def features(judge: Judge, pictures: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the stem's and of the body's features, [crops, 96] each."""
    near, far = [], []
    rows = lambda x: x.permute(0, 2, 3, 1).flatten(0, 2).double()
    for k in range(0, len(pictures), 16):
        x = to_tensor(pictures[k:k + 16], "cpu")
        near.append(rows(judge.stem(x)))
        far.append(rows(judge.seen(x)))
    return torch.cat(near), torch.cat(far)


def frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    """|μ_a − μ_b|² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)."""
    gap = (a.mean(0) - b.mean(0)).square().sum()
    s, t = torch.cov(a.T), torch.cov(b.T)
    roots = torch.linalg.eigvals(s @ t).real.clamp(min=0).sqrt().sum()
    return (gap + s.trace() + t.trace() - 2 * roots).item()


def drawn(model: Path, asked: list[str], size: int) -> list[np.ndarray]:
    """A model's pictures of these captions, at 256 x 256."""
    pipe, made = StableDiffusionPipeline.from_pretrained(model, dtype=torch.float32), []
    pipe.set_progress_bar_config(disable=True)
    for k in range(0, len(asked), 8):
        noise = [torch.Generator().manual_seed(k + i) for i in range(len(asked[k:k + 8]))]
        images = pipe(asked[k:k + 8], width=size, height=size, num_inference_steps=20, guidance_scale=4, generator=noise).images
        made += [np.asarray(image.resize((256, 256))) for image in images]
    return made


def main():
    p = argparse.ArgumentParser()
    p.add_argument("models", type=Path, nargs="+")
    p.add_argument("run", type=Path)
    p.add_argument("--count", type=int, default=256)
    p.add_argument("--size", type=int, default=256)
    p.add_argument("--first", action="store_true", help="only scenes that the first edition could have drawn")
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    real, other = (scenes(a.run, seed, a.count, a.first) for seed in (80_000, 85_000))
    r = random.Random(80_000)
    asked = [caption(r, scene) for scene in real]
    judge = load_judge(a.run)
    seen = features(judge, [scene.pixels for scene in real])
    sets = {"other real scenes": features(judge, [scene.pixels for scene in other])}
    sets |= {str(model): features(judge, drawn(model, asked, a.size)) for model in a.models}
    for k, name in enumerate(("crops of 15 pixels", "crops of 300 pixels")):
        far = {what: frechet(seen[k], theirs[k]) for what, theirs in sets.items()}
        least = far[str(a.models[0])]
        print(f"{name}: " + ", ".join(f"{what} {value:.3f} ({value / least:.2f}x)" for what, value in far.items()))


if __name__ == "__main__":
    main()
