"""Scenes: cut-outs on plain and drawn backgrounds, with what is where.

Cut-outs come in a few sizes and stand on the 16-pixel grid of the autoencoder, so that the same thing always has the same latents: two
cores have to learn each picture once, not at every shift within a latent. A scene may be a window onto more: things are cut by its border.
"""
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
import random

import numpy as np
from PIL import Image

from concepts import COLOURS, DRAWN, NAMES, PLAIN, held_out
from ramps import recolour

CELL = 16
# Where the ground begins, as a share of the height.
HORIZON = {"grass": 0.5, "table": 0.5, "sea": 0.5, "snow": 0.5, "desert": 0.5, "room": 0.625, "water": 0.75}
STANDS = {"grass", "table", "snow", "desert", "room"}  # things touch the ground and have a shadow
STYLE_SHARES = {"3d": 0.76, "flat": 0.1, "contrast": 0.06, "line": 0.08}
# Of things, colours and drawn places, how many the first edition knew.
FIRST = (64, 8, 7)
SPILL = 0.1  # how many of the things may reach over the border


@dataclass
class Thing:
    """One object: box in cells (x, y, side), which may reach over the border; colour None is its own."""
    name: str
    colour: str | None
    x: int
    y: int
    side: int
    mirror: bool

    def window(self, columns: int, rows: int) -> tuple[int, int, int, int]:
        """What of the box is inside: left, top, right, bottom in cells."""
        return max(0, self.x), max(0, self.y), min(columns, self.x + self.side), min(rows, self.y + self.side)

    def seen(self, columns: int, rows: int) -> float:
        left, top, right, bottom = self.window(columns, rows)
        return max(0, right - left) * max(0, bottom - top) / self.side ** 2


@dataclass
class Scene:
    pixels: np.ndarray  # [height, width, 3] u8
    things: list[Thing]  # the farthest first
    background: str
    drawn: bool
    style: str

    @property
    def columns(self) -> int:
        return self.pixels.shape[1] // CELL

    @property
    def rows(self) -> int:
        return self.pixels.shape[0] // CELL


def overlap(a: Thing, b: Thing) -> int:
    """Cells that both boxes hold."""
    across = min(a.x + a.side, b.x + b.side) - max(a.x, b.x)
    down = min(a.y + a.side, b.y + b.side) - max(a.y, b.y)
    return max(0, across) * max(0, down)


def between(r: random.Random, low: int, high: int) -> int:
    """Any of low … high, whichever is larger: a thing larger than the picture reaches over it on both sides."""
    return r.randint(min(low, high), max(low, high))


class Studio:
    """Draws scenes from a seed. `run` holds the cut-outs; `first`: only what the first edition knew,
    which is whole things, never mirrored."""

    def __init__(self, run: Path, seed: int, first: bool = False):
        self.names, self.drawn, self.first = (NAMES[:FIRST[0]], list(DRAWN)[:FIRST[2]], True) if first else (NAMES, list(DRAWN), False)
        self.random = random.Random(seed)
        self.run = run
        self.sprite = lru_cache(6000)(self.make_sprite)
        self.cutout = lru_cache(None)(self.read_cutout)

    def read_cutout(self, name: str, style: str) -> tuple[np.ndarray, np.ndarray | None]:
        folder = self.run / "cutouts" / style
        clothes = folder / f"{name}.clothes.png"
        return np.asarray(Image.open(folder / f"{name}.png")), np.asarray(Image.open(clothes)) if clothes.exists() else None

    def make_sprite(self, name: str, style: str, colour: str | None, side: int, mirror: bool) -> np.ndarray:
        """[16·side, 16·side, 4] u8, the object centred and standing on the lower edge with two pixels to spare."""
        rgba, clothes = self.cutout(name, style)
        cut = Image.fromarray(recolour(rgba, colour, clothes) if colour else rgba, "RGBA")
        scale = (side * CELL - 4) / max(cut.size)
        cut = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))), Image.LANCZOS)
        if mirror:
            cut = cut.transpose(Image.FLIP_LEFT_RIGHT)
        full = Image.new("RGBA", (side * CELL, side * CELL))
        full.paste(cut, ((side * CELL - cut.width) // 2, side * CELL - 2 - cut.height))
        return np.asarray(full)

    def background(self, name: str, drawn: bool, style: str, width: int, height: int) -> np.ndarray:
        """[height, width, 3] f32. Sizes in pixels. Only in three dimensions do colours shade from top to bottom."""
        shade = 1.0 if style == "3d" else 0.0
        y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        blend = lambda ends, t: np.float32(ends[0]) + (np.float32(ends[1]) - np.float32(ends[0])) * (0.5 + (t - 0.5) * shade)
        if not drawn:
            return np.broadcast_to(np.float32(PLAIN[name]) * (1 + shade * (0.03 - 0.08 * y)), (height, width, 3)).copy()
        skies = {"grass": ((120, 185, 245), (200, 228, 250)), "table": ((236, 222, 200), (226, 208, 182)),
                 "sky": ((86, 160, 238), (186, 220, 250)), "sea": ((130, 195, 246), (222, 238, 248)),
                 "snow": ((170, 190, 215), (208, 220, 234)), "night": ((12, 14, 48), (44, 42, 100)),
                 "sunset": ((92, 62, 140), (250, 150, 70)), "desert": ((140, 200, 240), (250, 232, 200)),
                 "water": ((70, 190, 210), (14, 78, 130)), "room": ((206, 220, 212), (190, 208, 200))}
        grounds = {"grass": ((112, 188, 76), (72, 150, 52)), "table": ((178, 118, 66), (140, 86, 44)),
                   "sea": ((40, 128, 196), (20, 84, 150)), "snow": ((250, 252, 255), (226, 234, 244)),
                   "desert": ((236, 196, 120), (214, 160, 88)), "water": ((206, 190, 140), (160, 146, 110)),
                   "room": ((150, 104, 78), (122, 80, 58))}
        out = np.broadcast_to(blend(skies[name], y), (height, width, 3)).copy()
        row = int(height / CELL * HORIZON.get(name, 1)) * CELL
        if row < height:
            out[row:] = blend(grounds[name], np.linspace(0, 1, height - row, dtype=np.float32)[:, None, None])
        if name == "room":
            out[row:row + 5] = (240, 240, 234)
        yy, xx = np.mgrid[:height, :width].astype(np.float32)
        if name == "night":
            for _ in range(width * height // 1600):
                cx, cy, r = self.random.randrange(width), self.random.randrange(height), self.random.choice((1.4, 2.0))
                part = np.s_[max(0, cy - 6):cy + 7, max(0, cx - 6):cx + 7]
                out[part] += 220 * np.exp(-(((xx[part] - cx) ** 2 + (yy[part] - cy) ** 2) / r ** 2))[..., None]
        if name == "sky":
            for _ in range(max(1, width * height // 16384)):
                cx, cy = self.random.randrange(0, width, CELL), self.random.randrange(0, height, CELL)
                puff = np.exp(-(((xx - cx) / 26) ** 2 + ((yy - cy) / 10) ** 2) ** 2)[..., None]
                out += (252 - out) * puff * 0.9
        return out

    def draw(self, things: list[Thing], background: str, drawn: bool, style: str, columns: int, rows: int) -> Scene:
        out = self.background(background, drawn, style, columns * CELL, rows * CELL)
        yy, xx = np.mgrid[:rows * CELL, :columns * CELL].astype(np.float32)
        if drawn and background in STANDS and style == "3d":
            for t in things:
                cx, cy, half = (t.x + t.side / 2) * CELL, (t.y + t.side) * CELL - 4, t.side * CELL * 0.36
                out *= 1 - 0.4 * np.exp(-(((xx - cx) / half) ** 2 + ((yy - cy) / (half * 0.2)) ** 2))[..., None]
        for t in things:
            left, top, right, bottom = t.window(columns, rows)
            if left >= right or top >= bottom:
                continue
            s = self.sprite(t.name, style, t.colour, t.side, t.mirror)
            s = s[(top - t.y) * CELL:(bottom - t.y) * CELL, (left - t.x) * CELL:(right - t.x) * CELL].astype(np.float32)
            part = out[top * CELL:bottom * CELL, left * CELL:right * CELL]
            part += (s[..., :3] - part) * (s[..., 3:] / 255)
        return Scene(out.round().clip(0, 255).astype(np.uint8), things, background, drawn, style)

    def colour(self, style: str, ground: np.ndarray | None) -> str | None:
        """A colour or the thing's own. A glyph is of one tone, which must stand out from its background; its own is black. A line
        drawing's own is black and white."""
        r = self.random
        if style != "contrast":
            colours = [c for c in list(COLOURS)[:FIRST[1] if self.first else None] if style != "line" or c not in ("black", "white")]
            return r.choice(colours) if r.random() < 0.5 else None
        tones = {None: (0, 0, 0), **{name: middle for name, (_, middle, _) in COLOURS.items() if name != "black"}}
        good = [name for name, tone in tones.items() if np.abs(np.float32(tone) - ground).sum() > 150]
        return None if None in good and r.random() < 0.5 else r.choice(good)

    def scene(self, columns: int, rows: int, count: int, sides: list[int], allow_held_out: bool = False, spill: float = SPILL) -> Scene:
        """A random scene of `count` objects (fewer where they do not fit) on columns × rows cells."""
        r = self.random
        style = "3d" if self.first else r.choices(list(STYLE_SHARES), list(STYLE_SHARES.values()))[0]
        drawn = style in ("3d", "flat") and r.random() < 0.45
        background = r.choice(self.drawn if drawn else list(PLAIN))
        if not drawn and r.random() < (0.6 if style in ("contrast", "line") else 0.35):
            background = "white"
        low = int(rows * HORIZON[background]) if drawn and background in STANDS | {"sea"} else None
        ground = None if drawn else np.float32(PLAIN[background])
        same = count > 1 and r.random() < 0.12
        behind = count == 2 and r.random() < 0.15
        things: list[Thing] = []
        for k in range(count):
            for _ in range(30):
                side = r.choice(sides)
                name, colour = r.choice(self.names), self.colour(style, ground)
                if same and things:
                    name, colour, side = things[0].name, things[0].colour, things[0].side
                if any(t.name == name and t.colour == colour for t in things) and not same:
                    continue
                taken = [(colour, name)] * bool(colour) + [(name, t.name) for t in things if t.name != name]
                if not allow_held_out and any(held_out(*pair) for pair in taken):
                    continue
                over = side // 2 if r.random() < (0 if self.first else spill) else 0
                x = between(r, -over, columns - side + over)
                y = between(r, -over if low is None else max(-over, low + 1 - side), rows - side + over)
                thing = Thing(name, colour, x, y, side, not self.first and r.random() < 0.5)
                shared = [overlap(thing, t) for t in things]
                if behind and things:
                    # The nearer one stands lower and hides a fifth to a half of the other's box.
                    fits = 0.15 * things[0].side ** 2 < shared[0] < 0.5 * things[0].side ** 2 and y + side > things[0].y + things[0].side
                else:
                    fits = not any(shared)
                if fits:
                    things.append(thing)
                    break
        return self.draw(things, background, drawn, style, columns, rows)

    def arranged(self, columns: int, rows: int, boxes: list[tuple[int, int, int, int]], sides: list[int]) -> Scene:
        """One object within each box (left, top, right, bottom in cells), as large as `sides` and the box allow, or now and then none."""
        r = self.random
        scene = self.scene(columns, rows, 0, sides)
        ground = None if scene.drawn else np.float32(PLAIN[scene.background])
        things: list[Thing] = []
        for left, top, right, bottom in boxes:
            fitting = [s for s in sides if s <= min(right - left, bottom - top)] or [min(right - left, bottom - top)]
            while r.random() > 0.04:
                name, colour, side = r.choice(self.names), self.colour(scene.style, ground), r.choice(fitting)
                if any(held_out(*pair) for pair in [(colour, name)] * bool(colour) + [(name, t.name) for t in things if t.name != name]):
                    continue
                things.append(Thing(name, colour, r.randint(left, right - side), r.randint(top, bottom - side), side, r.random() < 0.5))
                break
        return self.draw(things, scene.background, scene.drawn, scene.style, columns, rows)
