"""Scenes: cut-outs on plain and drawn backgrounds, with what is where.

Cut-outs come in a few sizes and stand on the 16-pixel grid of the autoencoder, so that the same thing always has the same latents: two
cores have to learn each picture once, not at every shift within a latent. A scene may be a window onto more: things are cut by its border.
"""
from dataclasses import dataclass
from pathlib import Path
import random

import numpy as np

from concepts import COLOURS, DRAWN, NAMES, PLAIN, held_out
from places import HORIZON, STANDS, background as ground_of, shadow
from sprites import CELL, Sprites

STYLE_SHARES = {"3d": 0.84, "flat": 0.06, "contrast": 0.04, "line": 0.06}
# Of things, colours and drawn places, how many the first edition knew.
FIRST = (64, 8, 7)
# How many of the things may reach over the border and are mirrored: the fewer ways a thing has to look, the sooner each looks right.
SPILL, MIRRORED = 0.04, 0.12


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

    def __init__(self, run: Path, seed: int, first: bool = False, sprites: Sprites | None = None):
        self.names, self.drawn, self.first = (NAMES[:FIRST[0]], list(DRAWN)[:FIRST[2]], True) if first else (NAMES, list(DRAWN), False)
        self.random = random.Random(seed)
        self.sprite = sprites or Sprites(run)

    def draw(self, things: list[Thing], background: str, drawn: bool, style: str, columns: int, rows: int) -> Scene:
        out = ground_of(self.random, background, drawn, style, columns * CELL, rows * CELL)
        if drawn and background in STANDS and style == "3d":
            for t in things:
                shadow(out, (2 * t.x + t.side) * CELL // 2, (t.y + t.side) * CELL - 4, t.side * CELL)
        for t in things:
            left, top, right, bottom = t.window(columns, rows)
            if left >= right or top >= bottom:
                continue
            s = self.sprite(t.name, style, t.colour, t.side)[:, ::-1 if t.mirror else 1]
            s = s[(top - t.y) * CELL:(bottom - t.y) * CELL, (left - t.x) * CELL:(right - t.x) * CELL].astype(np.float32)
            part = out[top * CELL:bottom * CELL, left * CELL:right * CELL]
            part += (s[..., :3] - part) * (s[..., 3:] * np.float32(1 / 255))
        np.rint(out, out).clip(0, 255, out)
        return Scene(out.astype(np.uint8), things, background, drawn, style)

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
                thing = Thing(name, colour, x, y, side, not self.first and r.random() < MIRRORED)
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
                things.append(Thing(name, colour, r.randint(left, right - side), r.randint(top, bottom - side), side, r.random() < MIRRORED))
                break
        return self.draw(things, scene.background, scene.drawn, scene.style, columns, rows)
