"""What the denoiser learns from: latents of scenes with their captions, for each canvas, made while training."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer

from captions import caption, part
from feed import CHUNK, Feed
from scenes import Studio
from sprites import CELL


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
# Sides of what stands in them, and 24 × 16.
ARRANGED = [5, 7, 7, 7]
WIDE = [[(0, 0, 8, 16), (8, 0, 16, 16), (16, 0, 24, 16)], [(0, 0, 12, 16), (12, 0, 24, 16)]]
# (objects, sides, share). A shape fills most of a small canvas: there it is learnt at a quarter of the cost. Large canvases have many of
# one thing alone, so that none comes twice.
ONE, TWO = [(1, [7], 0.8), (1, [5], 0.2)], [(1, [7], 0.5), (2, [7], 0.4), (2, [5, 7], 0.1)]
# Latent cells in a batch; words read (CLIP pads to 77; fewer are faster where captions are short); canvases.
STAGES = {
    "small": (4096, 32, [Canvas(8, 8, 1.0, ONE)]),
    "large": (4096, 77, [
        Canvas(8, 8, 0.16, ONE), Canvas(16, 8, 0.07, TWO), Canvas(8, 16, 0.07, TWO),
        Canvas(32, 16, 0.03, [(1, [7, 11], 0.4), (2, [7, 11], 0.3), (3, [7, 11], 0.3)]),
        Canvas(24, 16, 0.05, [(1, [7, 11], 0.4), (2, [7, 11], 0.25), (3, [7], 0.35)]),
        Canvas(16, 16, 0.17, layouts=LAYOUTS), Canvas(24, 16, 0.04, layouts=WIDE),
        Canvas(16, 16, 0.41, [(1, [7], 0.34), (1, [11], 0.24), (1, [5], 0.05), (1, [14], 0.02), (2, [7], 0.14), (2, [5, 11], 0.03),
                              (3, [7], 0.06), (3, [5, 7], 0.03), (4, [7], 0.06), (4, [5], 0.03)])]),
    "edges": (4096, 77, [Canvas(16, 16, 1.0, [(1, [7], 0.25), (1, [5, 11], 0.2), (2, [5, 7], 0.3), (3, [5, 7], 0.2), (4, [5], 0.05)])]),
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
    patches = pixels.astype(np.float32).reshape(rows, CELL, columns, CELL, 3).transpose(0, 2, 4, 1, 3)
    weight, bias = analysis
    return (patches.reshape(rows, columns, -1) @ (weight.T / 127.5) + (bias - weight.sum(1))).transpose(2, 0, 1).astype(np.float16)


class Shot:
    """A scene of a stage's canvas k: latents, the ids of the prompt and of each region's, the number of its layout, what lies beside."""

    def __init__(self, stage: str, tokens: Callable, analysis: tuple[np.ndarray, np.ndarray], beside: Callable | None):
        self.canvases, self.tokens, self.analysis, self.beside = STAGES[stage][2], tokens, analysis, beside

    def __call__(self, studio: Studio, k: int) -> tuple:
        r, canvas = studio.random, self.canvases[k]
        layout = r.randrange(len(canvas.layouts)) if canvas.layouts else 0
        if canvas.layouts:
            boxes = canvas.layouts[layout]
            scene = studio.arranged(canvas.columns, canvas.rows, boxes, ARRANGED)
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
        # Without the wrapper around it, at a seventh of the time.
        self.plain = self.tokenizer.backend_tokenizer
        self.plain.no_padding()
        self.plain.enable_truncation(words)

    def __call__(self, texts: list[str]) -> np.ndarray:
        ids = np.full((len(texts), self.words), self.tokenizer.pad_token_id, np.int16)
        for row, text in zip(ids, texts):
            own = self.plain.encode(text).ids
            row[:len(own)] = own
        return ids


def stacked(scenes: list[tuple]) -> list[np.ndarray]:
    """Latents, ids and so on, each of all scenes."""
    return [np.stack(part) for part in zip(*scenes) if part[0] is not None]


class Ring:
    """The latest scenes of one canvas, on the device."""

    def __init__(self, canvas: Canvas, capacity: int, device):
        self.capacity, self.device, self.count, self.next, self.parts = capacity, device, 0, 0, None
        self.filled = torch.zeros((), device=device)
        self.owners = torch.stack([owners(canvas, k) for k in range(len(canvas.layouts))]).to(device) if canvas.layouts else None

    def moved(self, x: torch.Tensor) -> torch.Tensor:
        """To the device; to a GPU without waiting for what it is at."""
        return x.pin_memory().to(self.device, non_blocking=True) if self.device == "cuda" else x.to(self.device)

    def add(self, columns: list[np.ndarray]):
        fresh = [self.moved(torch.from_numpy(part)) for part in columns]
        if self.parts is None:
            self.parts = [torch.empty(self.capacity, *part.shape[1:], dtype=part.dtype, device=self.device) for part in fresh]
        size = len(columns[0])
        if self.next + size > self.capacity:
            self.next = 0
        for have, part in zip(self.parts, fresh):
            have[self.next:self.next + size] = part
        self.next += size
        self.count = max(self.count, self.next)
        self.filled.fill_(self.count)

    def draw(self, count: int, empty: torch.Tensor) -> Batch:
        """One caption in ten is empty, for guidance; one in two where edges say much already; none with regions. As part of a CUDA graph
        it draws from what is there when that runs."""
        at = (torch.rand(count, device=self.device) * self.filled).long().clamp(max=self.capacity - 1)
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
        # With regions there are up to five texts to read: half as many pictures.
        self.counts = [max(1, cells * scale // (c.columns * c.rows * (2 if c.layouts else 1))) for c in self.canvases]
        self.run, self.device, self.made = run, device, 0
        self.tokens = Tokens(tokenizer or run / "tokenizer", words)
        analysis = tuple(part.float().numpy() for part in torch.load(run / "autoencoder.pt", map_location="cpu")["analysis"])
        self.feed = Feed(run, seed, Shot(stage, self.tokens, analysis, beside), [c.share for c in self.canvases], workers, first, stacked)
        # A GPU holds most of what its workers make in one run.
        self.rings = [Ring(c, max(2048, int((16 if workers else 1) * capacity * c.share)), device) for c in self.canvases]
        self.empty = torch.from_numpy(self.tokens([""])).to(device)

    def fill(self, count: int, wait=False):
        for k, columns in self.feed.take(count, wait):
            self.rings[k].add(columns)
            self.made += len(columns[0])

    def begin(self):
        """Waits until there is a batch of each canvas."""
        while any(ring.count < count for ring, count in zip(self.rings, self.counts)):
            self.fill(CHUNK, wait=True)

    def choose(self) -> int:
        """A canvas for the next step, by its share, with a few more scenes of any."""
        k = self.feed.choose()
        self.fill(2 * CHUNK if self.feed.queue else max(1, self.counts[k] // 8))
        while self.rings[k].count < self.counts[k]:
            self.fill(self.counts[k], wait=True)
        return k

    def draw(self, k: int) -> Batch:
        return self.rings[k].draw(self.counts[k], self.empty)


def owners(canvas: Canvas, layout: int) -> torch.Tensor:
    """[rows, columns]: the region of each latent cell."""
    out = torch.zeros(canvas.rows, canvas.columns, dtype=torch.long)
    for k, (left, top, right, bottom) in enumerate(canvas.layouts[layout]):
        out[top:bottom, left:right] = k
    return out
