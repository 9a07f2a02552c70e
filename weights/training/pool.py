"""What the denoiser learns from: latents of scenes with their captions, for each canvas, made while training."""
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer

from autoencoder import encode, to_tensor
from captions import caption, part
from feed import Feed
from scenes import Studio


@dataclass
class Canvas:
    """Columns × rows cells, its share of the steps, its scenes (objects, sides, share), or the boxes of its regions."""
    columns: int
    rows: int
    share: float
    kinds: list[tuple[int, list[int], float]] = field(default_factory=list)
    layouts: list[list[tuple[int, int, int, int]]] = field(default_factory=list)


# As the program splits 16 × 16 cells: halves, thirds, quarters, one beside two.
LAYOUTS = [
    [(0, 0, 8, 16), (8, 0, 16, 16)], [(0, 0, 16, 8), (0, 8, 16, 16)],
    [(0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 8, 16), (8, 8, 16, 16)],
    [(0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 16, 16)], [(0, 0, 8, 16), (8, 0, 16, 8), (8, 8, 16, 16)],
    [(0, 0, 5, 16), (5, 0, 11, 16), (11, 0, 16, 16)], [(0, 0, 16, 5), (0, 5, 16, 11), (0, 11, 16, 16)],
]
ONE = [(1, [7], 0.45), (1, [5], 0.2), (1, [11, 14], 0.15), (2, [4], 0.2)]
# Latent cells in a batch; words read (CLIP pads to 77; fewer are faster where captions are short); canvases.
STAGES = {
    "small": (4096, 32, [Canvas(8, 8, 1.0, ONE)]),
    "large": (4096, 77, [
        Canvas(8, 8, 0.12, ONE), Canvas(16, 8, 0.08, [(2, [5, 7], 0.7), (1, [7], 0.3)]), Canvas(8, 16, 0.08, [(2, [5, 7], 0.7), (1, [7], 0.3)]),
        Canvas(32, 16, 0.05, [(2, [7, 11], 0.4), (3, [5, 7, 11], 0.6)]), Canvas(16, 16, 0.3, layouts=LAYOUTS),
        Canvas(16, 16, 0.37, [(1, [5, 7], 0.1), (1, [11], 0.4), (2, [5, 7], 0.15), (2, [7, 11], 0.1), (3, [5, 7], 0.15), (4, [5, 7], 0.1)])]),
    "edges": (4096, 77, [Canvas(16, 16, 1.0, [(1, [5, 7, 11], 0.4), (2, [5, 7], 0.3), (3, [5, 7], 0.2), (4, [5], 0.1)])]),
    "edges of the first": (4096, 77, [Canvas(16, 16, 1.0, [(1, [7], 0.4), (2, [7], 0.3), (3, [7], 0.3)])]),
}


@dataclass
class Batch:
    latents: torch.Tensor  # [n, channels, rows, columns]
    ids: torch.Tensor  # [n, texts, words]: the prompt, then each region's
    cells: torch.Tensor | None  # [n, rows, columns]: whose each latent cell is
    beside: torch.Tensor | None = None  # [n, …]: what else is known of each scene


class Shot:
    """A scene of a stage's canvas k: its pixels, the prompt and each region's, the number of its layout."""

    def __init__(self, stage: str):
        self.stage = stage

    def __call__(self, studio: Studio, k: int) -> tuple[np.ndarray, list[str], int | None]:
        r, canvas = studio.random, STAGES[self.stage][2][k]
        if canvas.layouts:
            layout = r.randrange(len(canvas.layouts))
            boxes = canvas.layouts[layout]
            scene = studio.arranged(canvas.columns, canvas.rows, boxes, [5, 6, 7])
            return scene.pixels, [caption(r, scene), *(part(r, scene, box) for box in boxes)], layout
        scene = studio.scene(canvas.columns, canvas.rows, *r.choices(canvas.kinds, [kind[2] for kind in canvas.kinds])[0][:2])
        return scene.pixels, [caption(r, scene)], None


class Pool:
    """Grows while training and then replaces the oldest. `beside` makes of a scene's pixels what is kept with it."""

    def __init__(self, run: Path, stage: str, seed: int, device, scale=1, workers=0, capacity=24000, beside=None, tokenizer=None, first=False):
        self.cells, self.words, self.canvases = STAGES[stage]
        self.cells *= scale
        self.tokenizer = CLIPTokenizer.from_pretrained(tokenizer or run / "tokenizer")
        self.autoencoder = torch.load(run / "autoencoder.pt", map_location=device)
        self.run, self.device, self.capacity = run, device, capacity
        self.beside = beside or (lambda pixels: None)
        self.feed = Feed(run, seed, Shot(stage), [c.share for c in self.canvases], workers, first)
        self.scenes, self.next = [[] for _ in self.canvases], [0] * len(self.canvases)
        self.empty = self.tokens([""])[0]

    def tokens(self, texts: list[str]) -> torch.Tensor:
        return self.tokenizer(texts, padding="max_length", truncation=True, max_length=self.words, return_tensors="pt").input_ids

    @torch.no_grad()
    def fill(self, count: int, wait=False):
        """`count` new scenes; of one with regions: all texts' ids and the number of its layout."""
        fresh = self.feed.take(count, wait)
        for k in {k for k, _ in fresh}:
            shots, have = [shot for of, shot in fresh if of == k], self.scenes[k]
            z = encode(self.autoencoder, to_tensor([pixels for pixels, _, _ in shots], self.device))
            ids = self.tokens([text for _, texts, _ in shots for text in texts]).split([len(texts) for _, texts, _ in shots])
            for one in zip(z, ids, [layout for _, _, layout in shots], [self.beside(pixels) for pixels, _, _ in shots]):
                if len(have) < self.capacity:
                    have.append(one)
                else:
                    have[self.next[k]] = one
                    self.next[k] = (self.next[k] + 1) % self.capacity

    def draw(self) -> Batch:
        """Of one canvas, chosen by its share; one caption in ten is empty, for guidance; one in two where edges say much already."""
        k = self.feed.choose()
        canvas, have = self.canvases[k], self.scenes[k]
        count = self.cells // (canvas.columns * canvas.rows)
        self.fill(max(1, count // 8))
        while len(have) < count:
            self.fill(count, wait=True)
        picks = [have[i] for i in np.random.randint(0, len(have), count)]
        latents = torch.stack([one[0] for one in picks])
        beside = None if picks[0][3] is None else torch.stack([one[3] for one in picks])
        if not canvas.layouts:
            ids = [self.empty[None] if np.random.rand() < (0.1 if beside is None else 0.5) else words for _, words, _, _ in picks]
            return Batch(latents, torch.stack(ids).to(self.device), None, beside)
        most = max(len(words) for _, words, _, _ in picks)
        ids = torch.stack([torch.cat([words, self.empty.expand(most - len(words), -1)]) for _, words, _, _ in picks])
        return Batch(latents, ids.to(self.device), torch.stack([owners(canvas, one[2]) for one in picks]).to(self.device), beside)


def owners(canvas: Canvas, layout: int) -> torch.Tensor:
    """[rows, columns]: the region of each latent cell."""
    out = torch.zeros(canvas.rows, canvas.columns, dtype=torch.long)
    for k, (left, top, right, bottom) in enumerate(canvas.layouts[layout]):
        out[top:bottom, left:right] = k
    return out
