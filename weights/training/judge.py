"""A dense detector that says what is where in a picture; trained apart from the model, on real scenes only.

usage: judge.py RUN_FOLDER --minutes 12 [--limit 2]; --limit 0 only scores it on 480 unseen scenes;
--export FILE.safetensors writes the weights for src/judge/detector.ts, each normalisation folded into the convolution before it.
For each cell of 16 × 16 pixels: which concept (or none) and which colour (or its own). It sees pictures at half their size: what a
thing is can be told from that, at a quarter of the cost. Seeds 50 000 and up, test scenes 90 000.
"""
import argparse
from dataclasses import dataclass
import json
from pathlib import Path
import time

import numpy as np
from safetensors.torch import save_file
import torch
from torch import nn
import torch.nn.functional as F

from autoencoder import Pictures, to_tensor
from clock import Clock
from concepts import COLOURS, NAMES
from feed import Feed
from muon import Muon
from scenes import Scene, Studio

COLOUR_NAMES = list(COLOURS)
NONE = len(NAMES)
KINDS = [(8, 8, 1, [7, 5]), (8, 8, 2, [4]), (16, 16, 1, [14, 11, 7]), (16, 16, 4, [5, 7]), (8, 8, 1, [7]), (16, 16, 2, [5, 7, 11])]


class Judge(nn.Module):
    """[n, 3, h, w] → logits of concepts and none [n, 121, h/16, w/16] and of own and nine colours [n, 10, h/16, w/16]."""

    def __init__(self, width=96):
        super().__init__()
        block = lambda i, o, stride=1, reach=1: nn.Sequential(
            nn.Conv2d(i, o, 3, stride, reach, dilation=reach, bias=False), nn.BatchNorm2d(o), nn.SiLU())
        self.stem = nn.Sequential(block(3, 24, 2), block(24, 48, 2), block(48, width, 2))
        self.body = nn.ModuleList([block(width, width, 1, reach) for reach in (1, 2, 3, 2, 1)])
        self.heads = nn.Conv2d(width, NONE + 1 + 1 + len(COLOUR_NAMES), 1)

    def seen(self, x):
        """What it makes of each cell, before it is named."""
        x = self.stem(F.avg_pool2d(x, 2))
        for layer in self.body:
            x = x + layer(x)
        return x

    def forward(self, x):
        return self.heads(self.seen(x)).split((NONE + 1, 1 + len(COLOUR_NAMES)), 1)


def labels(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Concept and colour of each cell [rows, columns]; −1 where the edge of a box leaves it open."""
    shape = scene.rows, scene.columns
    concept, colour = np.full(shape, NONE), np.full(shape, -1)
    for t in scene.things:
        left, top, right, bottom = t.window(scene.columns, scene.rows)
        concept[top:bottom, left:right] = -1
        if t.seen(scene.columns, scene.rows) < 0.5:
            continue
        inset = max(1, t.side // 4)
        inner = np.s_[max(0, t.y + inset):max(0, t.y + t.side - inset), max(0, t.x + inset):max(0, t.x + t.side - inset)]
        concept[inner] = NAMES.index(t.name)
        colour[inner] = COLOUR_NAMES.index(t.colour) + 1 if t.colour else 0
    return concept, colour


def shot(studio: Studio, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels and labels of a scene of kind k."""
    scene = studio.scene(*KINDS[k], allow_held_out=True)
    return scene.pixels, *labels(scene)


@dataclass
class Found:
    name: str
    colour: str | None
    x: float  # centre, as a fraction of the picture
    y: float


@torch.no_grad()
def look(judge: Judge, pictures: list[np.ndarray], device="cpu", least=3) -> list[list[Found]]:
    """Objects that hold at least `least` cells, by falling number of cells, for pictures [h, w, 3] u8 of one size."""
    concepts, colours = judge.eval()(to_tensor(pictures, device))
    concepts, colours = concepts.argmax(1).cpu().numpy(), colours.cpu().numpy()
    answers = []
    for cells, hue in zip(concepts, colours):
        ids, counts = np.unique(cells[cells != NONE], return_counts=True)
        found = []
        for k in ids[np.argsort(-counts)]:
            y, x = np.nonzero(cells == k)
            if len(y) < least:
                continue
            best = int(hue[:, y, x].sum(1).argmax())
            found.append(Found(NAMES[k], COLOUR_NAMES[best - 1] if best else None, (x.mean() + 0.5) / cells.shape[1], (y.mean() + 0.5) / cells.shape[0]))
        answers.append(found)
    return answers


def accuracy(judge: Judge, run: Path, device, scenes=120) -> tuple[float, float, int]:
    """Share of objects of unseen scenes (any pair) that are found, and of those the share with the right colour."""
    studio, right, coloured, total = Studio(run, 90_000), 0, 0, 0
    for k in range(scenes):
        scene = studio.scene(*KINDS[k % len(KINDS)], allow_held_out=True, spill=0)
        found = {f.name: f for f in look(judge, [scene.pixels], device)[0]}
        for t in scene.things:
            total += 1
            right += t.name in found
            coloured += t.name in found and found[t.name].colour == t.colour
    return right / total, coloured / max(1, right), total


def load_judge(run: Path, device="cpu") -> Judge:
    judge = Judge().to(device)
    judge.load_state_dict(torch.load(run / "judge.pt", map_location=device)["model"])
    return judge.eval()


def folded(judge: Judge) -> dict[str, torch.Tensor]:
    """Weights and biases of all convolutions in order, f16: "0.weight", "0.bias", … and "heads.weight", "heads.bias"."""
    out = {}
    for k, (conv, norm, _) in enumerate([*judge.stem, *judge.body]):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        out[f"{k}.weight"], out[f"{k}.bias"] = conv.weight * scale.view(-1, 1, 1, 1), norm.bias - norm.running_mean * scale
    out["heads.weight"], out["heads.bias"] = judge.heads.weight, judge.heads.bias
    return {k: v.detach().half().contiguous().cpu() for k, v in out.items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--minutes", type=float, default=12, help="of the whole training")
    p.add_argument("--limit", type=float, help="minutes of this call")
    p.add_argument("--batch", type=int, default=16, help="pictures of 128 x 128 in a step")
    p.add_argument("--reuse", type=int, default=1, help="how often a picture is seen")
    p.add_argument("--workers", type=int, default=0, help="processes that draw scenes")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--export", type=Path)
    a = p.parse_args()
    device = a.device
    torch.set_num_threads(a.threads)
    file = a.run / "judge.pt"
    torch.manual_seed(50_000)
    judge, step, spent = Judge(), 0, 0.0
    if file.exists():
        saved = torch.load(file, map_location="cpu")
        judge.load_state_dict(saved["model"])
        step, spent = saved["step"], saved["spent"]
    feed = Feed(a.run, 50_000 + step, shot, [1.0] * len(KINDS), a.workers)
    pool = Pictures(feed, KINDS, a.batch, a.reuse)
    judge.to(device)
    optimiser = Muon(judge, 0.02, 2e-3)
    clock, first, losses = Clock(device, a.threads, a.minutes, spent, a.limit), step, []
    last_save, done = time.time(), clock.done
    while not done:
        done = clock.done
        optimiser.k = min(1, (step - first + 1) / 20) * max(0.02, min(1, 1.4 * (1 - clock.passed)))
        pixels, concepts, colours = zip(*pool.draw())
        concept, colour = (torch.from_numpy(np.stack(part)).to(device) for part in (concepts, colours))
        x = to_tensor(pixels, device)
        # Small noise and contrast, so that no exact pixel value tells what something is.
        x = x * (1 + 0.1 * torch.randn(len(x), 1, 1, 1, device=device)) + 0.05 * torch.randn_like(x)
        guess, hue = judge.train()(x)
        loss = F.cross_entropy(guess, concept, ignore_index=-1) + F.cross_entropy(hue, colour, ignore_index=-1)
        loss.backward()
        optimiser.step()
        step += 1
        losses.append(loss.detach())
        if done or time.time() - last_save > 180:
            last_save = time.time()
            torch.save({"model": judge.state_dict(), "step": step, "spent": clock.spent}, file)
            found, coloured, total = accuracy(judge, a.run, device)
            print(f"step {step}  {clock.spent:.1f} min  loss {torch.stack(losses[-100:]).mean().item():.3f}  found {found:.3f}, of these right colour {coloured:.3f} ({total} objects)", flush=True)
    feed.close()
    if a.limit == 0:
        found, coloured, total = accuracy(judge, a.run, device, 480)
        print(f"step {step}  found {found:.3f}, of these right colour {coloured:.3f} ({total} objects)")
    if a.export:
        save_file(folded(judge.eval()), a.export, {"concepts": json.dumps(NAMES), "colours": json.dumps(COLOUR_NAMES)})


if __name__ == "__main__":
    main()
