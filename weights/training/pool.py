"""What the denoiser learns from: latents of scenes with their captions, for each canvas, made while training."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer

from captions import caption, part
from feed import Feed
from scenes import CELL, Studio


@dataclass
class Canvas:
    """Columns × rows cells, its share of the steps, its scenes (objects, sides, share), or the boxes of its regions."""
    columns: int
    rows: int
    share: float
    kinds: list[tuple[int, list[int], float]] = field(default_factory=list)
    layouts: list[list[tuple[int, int, int, int]]] = field(default_factory=list)

    @property
    def texts(self) -> int:
        """The prompt and as many regions as any of its layouts has."""
        return 1 + max(map(len, self.layouts), default=0)


# As the program splits 16 × 16 cells: halves, thirds, quarters, one beside two.
LAYOUTS = [
    [(0, 0, 8, 16), (8, 0, 16, 16)], [(0, 0, 16, 8), (0, 8, 16, 16)],
    [(0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 8, 16), (8, 8, 16, 16)],
    [(0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 16, 16)], [(0, 0, 8, 16), (8, 0, 16, 8), (8, 8, 16, 16)],
    [(0, 0, 5, 16), (5, 0, 11, 16), (11, 0, 16, 16)], [(0, 0, 16, 5), (0, 5, 16, 11), (0, 11, 16, 16)],
]
# And 24 × 16.
WIDE = [[(0, 0, 8, 16), (8, 0, 16, 16), (16, 0, 24, 16)], [(0, 0, 12, 16), (12, 0, 24, 16)]]
ONE = [(1, [7], 0.45), (1, [5], 0.2), (1, [11, 14], 0.15), (2, [4], 0.2)]
# Latent cells in a batch; words read (CLIP pads to 77; fewer are faster where captions are short); canvases.
STAGES = {
    "small": (4096, 32, [Canvas(8, 8, 1.0, ONE)]),
    "large": (4096, 77, [
        Canvas(8, 8, 0.12, ONE), Canvas(16, 8, 0.08, [(2, [5, 7], 0.7), (1, [7], 0.3)]), Canvas(8, 16, 0.08, [(2, [5, 7], 0.7), (1, [7], 0.3)]),
        Canvas(32, 16, 0.03, [(2, [7, 11], 0.4), (3, [5, 7, 11], 0.6)]), Canvas(24, 16, 0.05, [(2, [7, 11], 0.4), (3, [5, 7], 0.6)]),
        Canvas(16, 16, 0.25, layouts=LAYOUTS), Canvas(24, 16, 0.04, layouts=WIDE),
        Canvas(16, 16, 0.35, [(1, [5, 7], 0.1), (1, [11], 0.4), (2, [5, 7], 0.15), (2, [7, 11], 0.1), (3, [5, 7], 0.15), (4, [5, 7], 0.1)])]),
    "edges": (4096, 77, [Canvas(16, 16, 1.0, [(1, [5, 7, 11], 0.4), (2, [5, 7], 0.3), (3, [5, 7], 0.2), (4, [5], 0.1)])]),
    "edges of the first": (4096, 77, [Canvas(16, 16, 1.0, [(1, [7], 0.4), (2, [7], 0.3), (3, [7], 0.3)])]),
}


@dataclass
class Batch:
    latents: torch.Tensor  # [n, channels, rows, columns]
    ids: torch.Tensor  # [n, texts, words]: the prompt, then each region's
    cells: torch.Tensor | None  # [n, rows, columns]: whose each latent cell is
    beside: torch.Tensor | None = None  # [n, …]: what else is known of each scene


def latents(pixels: np.ndarray, analysis: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """[channels, rows, columns] f16 of u8 pixels [height, width, 3], by the one matrix that the encoder is."""
    rows, columns = (n // CELL for n in pixels.shape[:2])
    patches = (pixels.astype(np.float32) / 127.5 - 1).reshape(rows, CELL, columns, CELL, 3).transpose(0, 2, 4, 1, 3)
    weight, bias = analysis
    return (patches.reshape(rows, columns, -1) @ weight.T + bias).transpose(2, 0, 1).astype(np.float16)


class Shot:
    """A scene of a stage's canvas k: latents, the ids of the prompt and of each region's, the number of its layout, what lies beside."""

    def __init__(self, stage: str, tokens: Callable, analysis: tuple[np.ndarray, np.ndarray], beside: Callable | None):
        self.canvases, self.tokens, self.analysis, self.beside = STAGES[stage][2], tokens, analysis, beside

    def __call__(self, studio: Studio, k: int) -> tuple:
        r, canvas = studio.random, self.canvases[k]
        layout = r.randrange(len(canvas.layouts)) if canvas.layouts else 0
        if canvas.layouts:
            boxes = canvas.layouts[layout]
            scene = studio.arranged(canvas.columns, canvas.rows, boxes, [5, 6, 7])
            texts = [caption(r, scene), *(part(r, scene, box) for box in boxes)]
            texts += [""] * (canvas.texts - len(texts))
        else:
            scene = studio.scene(canvas.columns, canvas.rows, *r.choices(canvas.kinds, [kind[2] for kind in canvas.kinds])[0][:2])
            texts = [caption(r, scene)]
        beside = self.beside(scene.pixels) if self.beside else None
        return latents(scene.pixels, self.analysis), self.tokens(texts), layout, beside


class Tokens:
    """Ids [texts, words] of texts, padded and cut."""

    def __init__(self, folder: Path, words: int):
        self.tokenizer, self.words = CLIPTokenizer.from_pretrained(folder), words

    def __call__(self, texts: list[str]) -> np.ndarray:
        ids = self.tokenizer(texts, padding="max_length", truncation=True, max_length=self.words, return_tensors="np").input_ids
        return ids.astype(np.int16)


class Ring:
    """The latest scenes of one canvas, on the device."""

    def __init__(self, canvas: Canvas, capacity: int, device):
        self.capacity, self.device, self.count, self.next, self.parts = capacity, device, 0, 0, None
        self.owners = torch.stack([owners(canvas, k) for k in range(len(canvas.layouts))]).to(device) if canvas.layouts else None

    def moved(self, x: torch.Tensor) -> torch.Tensor:
        """To the device; to a GPU without waiting for what it is at."""
        return x.pin_memory().to(self.device, non_blocking=True) if self.device == "cuda" else x.to(self.device)

    def add(self, scenes: list[tuple]):
        columns = [self.moved(torch.from_numpy(np.stack(part))) for part in zip(*scenes) if part[0] is not None]
        if self.parts is None:
            self.parts = [torch.empty(self.capacity, *part.shape[1:], dtype=part.dtype, device=self.device) for part in columns]
        at = torch.arange(self.next, self.next + len(scenes), device=self.device) % self.capacity
        for have, part in zip(self.parts, columns):
            have[at] = part
        self.count, self.next = min(self.capacity, self.count + len(scenes)), (self.next + len(scenes)) % self.capacity

    def draw(self, count: int, empty: torch.Tensor) -> Batch:
        """One caption in ten is empty, for guidance; one in two where edges say much already; none with regions."""
        at = torch.randint(self.count, (count,), device=self.device)
        z, ids, layout, *beside = (part[at] for part in self.parts)
        if self.owners is None:
            silent = torch.rand(count, 1, 1, device=self.device) < (0.5 if beside else 0.1)
            ids = torch.where(silent, empty, ids)
        cells = None if self.owners is None else self.owners[layout]
        return Batch(z.float(), ids.long(), cells, beside[0] if beside else None)


class Pool:
    """Grows while training and then replaces the oldest. `beside` makes of a scene's pixels what is kept with it, as an array."""

    def __init__(self, run: Path, stage: str, seed: int, device, scale=1, workers=0, capacity=24000, beside=None, tokenizer=None, first=False):
        cells, words, self.canvases = STAGES[stage]
        self.cells, self.run, self.device = cells * scale, run, device
        self.tokens = Tokens(tokenizer or run / "tokenizer", words)
        analysis = tuple(part.float().numpy() for part in torch.load(run / "autoencoder.pt", map_location="cpu")["analysis"])
        self.feed = Feed(run, seed, Shot(stage, self.tokens, analysis, beside), [c.share for c in self.canvases], workers, first)
        # A GPU holds all that its workers make in one run.
        self.rings = [Ring(c, max(1024, int((16 if workers else 1) * capacity * c.share)), device) for c in self.canvases]
        self.empty = torch.from_numpy(self.tokens([""])).to(device)

    @property
    def scenes(self) -> int:
        return sum(ring.count for ring in self.rings)

    def fill(self, count: int, wait=False):
        fresh = self.feed.take(count, wait)
        for k in {k for k, _ in fresh}:
            self.rings[k].add([scene for of, scene in fresh if of == k])

    def draw(self) -> Batch:
        """Of one canvas, chosen by its share."""
        k = self.feed.choose()
        canvas, ring = self.canvases[k], self.rings[k]
        count = self.cells // (canvas.columns * canvas.rows)
        self.fill(max(1, count // 8))
        while ring.count < min(count, ring.capacity):
            self.fill(count, wait=True)
        return ring.draw(count, self.empty)


def owners(canvas: Canvas, layout: int) -> torch.Tensor:
    """[rows, columns]: the region of each latent cell."""
    out = torch.zeros(canvas.rows, canvas.columns, dtype=torch.long)
    for k, (left, top, right, bottom) in enumerate(canvas.layouts[layout]):
        out[top:bottom, left:right] = k
    return out
