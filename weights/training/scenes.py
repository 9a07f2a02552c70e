"""Scenes: sprites on plain and drawn backgrounds, with what is where.

Sprites come in a few sizes and stand on the 8-pixel grid of the autoencoder, so that the same thing always has the
same latents: two cores have to learn each picture once, not at every sub-latent shift.
"""
from dataclasses import dataclass
from pathlib import Path
import random

import numpy as np
from PIL import Image

from concepts import COLOURS, DRAWN, NAMES, PLAIN, emoji_files, held_out

CELL = 8
HORIZON = {"grass": 0.5, "table": 0.5, "sea": 0.5, "snow": 0.5}


@dataclass
class Thing:
    """One object: box in cells (x, y, side); colour None is its own."""
    name: str
    colour: str | None
    x: int
    y: int
    side: int


@dataclass
class Scene:
    pixels: np.ndarray  # [height, width, 3] u8
    things: list[Thing]
    background: str
    drawn: bool


def recolour(rgba: np.ndarray, colour: str) -> np.ndarray:
    """The picture's own brightness, stretched, on the colour's dark–middle–light ramp. [h, w, 4] u8."""
    a = rgba.astype(np.float32)
    grey = a[..., :3] @ np.float32([0.3, 0.59, 0.11])
    inside = grey[a[..., 3] > 200]
    low, high = np.percentile(inside, (3, 97))
    at = np.clip((grey - low) / max(high - low, 40), 0, 1)
    dark, middle, light = (np.float32(c) for c in COLOURS[colour])
    lower, upper = np.clip(at * 2, 0, 1)[..., None], np.clip(at * 2 - 1, 0, 1)[..., None]
    a[..., :3] = dark + (middle - dark) * lower ** 0.7 + (light - middle) * upper * 0.55
    return a.round().clip(0, 255).astype(np.uint8)


def steps(low: int, high: int) -> list[int]:
    """Where an object may stand: the first two of every four cells, as on the smallest canvas. The UNet halves twice, so each
    place within four cells is a picture of its own to learn."""
    return [at for at in range(low, high + 1) if at % 4 < 2] or [high]


class Studio:
    """Draws scenes from a seed. `modules` is the node_modules folder that holds the two npm packages."""

    def __init__(self, modules: Path, seed: int):
        self.random = random.Random(seed)
        self.cutouts = {}
        for name, file in emoji_files(modules).items():
            image = Image.open(file).convert("RGBA")
            box = image.getchannel("A").point(lambda v: 255 * (v > 16)).getbbox()
            self.cutouts[name] = image.crop(box)
        self.sprites: dict[tuple, np.ndarray] = {}

    def sprite(self, name: str, colour: str | None, side: int) -> np.ndarray:
        """[8·side, 8·side, 4] u8, the object centred and standing on the lower edge with a pixel to spare."""
        key = (name, colour, side)
        if key not in self.sprites:
            cut = self.cutouts[name]
            if colour:
                cut = Image.fromarray(recolour(np.asarray(cut), colour), "RGBA")
            room = side * CELL - 2
            scale = room / max(cut.size)
            cut = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))), Image.LANCZOS)
            full = Image.new("RGBA", (side * CELL, side * CELL))
            full.paste(cut, ((side * CELL - cut.width) // 2, side * CELL - 1 - cut.height))
            self.sprites[key] = np.asarray(full)
        return self.sprites[key]

    def background(self, name: str, drawn: bool, width: int, height: int) -> np.ndarray:
        """[height, width, 3] f32. Sizes in pixels."""
        y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        blend = lambda top, bottom, t: np.float32(top) * (1 - t) + np.float32(bottom) * t
        if not drawn:
            return np.broadcast_to(np.float32(PLAIN[name]) * (1.03 - 0.08 * y), (height, width, 3)).copy()
        skies = {"grass": ((120, 185, 245), (200, 228, 250)), "table": ((236, 222, 200), (226, 208, 182)),
                 "sky": ((86, 160, 238), (186, 220, 250)), "sea": ((130, 195, 246), (222, 238, 248)),
                 "snow": ((170, 190, 215), (208, 220, 234)), "night": ((12, 14, 48), (44, 42, 100)),
                 "sunset": ((92, 62, 140), (250, 150, 70))}
        grounds = {"grass": ((112, 188, 76), (72, 150, 52)), "table": ((178, 118, 66), (140, 86, 44)),
                   "sea": ((40, 128, 196), (20, 84, 150)), "snow": ((250, 252, 255), (226, 234, 244))}
        out = np.broadcast_to(blend(*skies[name], y), (height, width, 3)).copy()
        if name in grounds:
            row = int(height / CELL * HORIZON[name]) * CELL
            out[row:] = blend(*grounds[name], np.linspace(0, 1, height - row, dtype=np.float32)[:, None, None])
        yy, xx = np.mgrid[:height, :width]
        if name == "night":
            for _ in range(width * height // 400):
                cx, cy, r = self.random.randrange(width), self.random.randrange(height), self.random.choice((0.8, 1.1))
                out += 220 * np.exp(-(((xx - cx) ** 2 + (yy - cy) ** 2) / r ** 2))[..., None]
        if name == "sky":
            for _ in range(max(1, width * height // 4096)):
                cx, cy = self.random.randrange(0, width, CELL), self.random.randrange(0, height, CELL)
                puff = np.exp(-(((xx - cx) / 13) ** 2 + ((yy - cy) / 5) ** 2) ** 2)[..., None]
                out += (252 - out) * puff * 0.9
        return out

    def draw(self, things: list[Thing], background: str, drawn: bool, columns: int, rows: int) -> Scene:
        out = self.background(background, drawn, columns * CELL, rows * CELL)
        yy, xx = np.mgrid[:rows * CELL, :columns * CELL]
        if background in HORIZON and drawn and background != "sea":
            for t in things:
                cx, cy, half = (t.x + t.side / 2) * CELL, (t.y + t.side) * CELL - 2, t.side * CELL * 0.36
                out *= 1 - 0.4 * np.exp(-(((xx - cx) / half) ** 2 + ((yy - cy) / (half * 0.2)) ** 2))[..., None]
        for t in things:
            s = self.sprite(t.name, t.colour, t.side).astype(np.float32)
            part = out[t.y * CELL:(t.y + t.side) * CELL, t.x * CELL:(t.x + t.side) * CELL]
            alpha = s[..., 3:] / 255
            part += (s[..., :3] - part) * alpha
        return Scene(out.round().clip(0, 255).astype(np.uint8), things, background, drawn)

    def scene(self, columns: int, rows: int, count: int, sides: list[int], allow_held_out: bool = False) -> Scene:
        """A random scene of `count` objects (fewer where they do not fit) on columns × rows cells."""
        r = self.random
        drawn = r.random() < 0.35
        background = r.choice(list(DRAWN if drawn else PLAIN))
        if not drawn and r.random() < 0.4:
            background = "white"
        things: list[Thing] = []
        for _ in range(count):
            for _ in range(30):
                name, side = r.choice(NAMES), r.choice(sides)
                colour = r.choice(list(COLOURS)) if r.random() < 0.5 else None
                taken = [(colour, name)] * bool(colour) + [(name, t.name) for t in things]
                if not allow_held_out and any(held_out(*pair) for pair in taken):
                    continue
                x = r.choice(steps(0, columns - side))
                low = 0
                if drawn and background in HORIZON:
                    low = min(rows - side, max(0, int(rows * HORIZON[background]) + 1 - side + 1))
                y = r.choice(steps(low, rows - side))
                if all(x + side <= t.x or t.x + t.side <= x or y + side <= t.y or t.y + t.side <= y for t in things):
                    things.append(Thing(name, colour, x, y, side))
                    break
        return self.draw(things, background, drawn, columns, rows)
