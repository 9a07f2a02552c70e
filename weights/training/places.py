"""Backgrounds of scenes, plain and drawn, and the shadows on them."""
from functools import lru_cache
import random

import numpy as np

from concepts import PLAIN
from sprites import CELL

# Where the ground begins, as a share of the height.
HORIZON = {"grass": 0.5, "table": 0.5, "sea": 0.5, "snow": 0.5, "desert": 0.5, "room": 0.625, "water": 0.75}
STANDS = {"grass", "table", "snow", "desert", "room"}  # things touch the ground and have a shadow
SKIES = {
    "grass": ((120, 185, 245), (200, 228, 250)), "table": ((236, 222, 200), (226, 208, 182)),
    "sky": ((86, 160, 238), (186, 220, 250)), "sea": ((130, 195, 246), (222, 238, 248)),
    "snow": ((170, 190, 215), (208, 220, 234)), "night": ((12, 14, 48), (44, 42, 100)),
    "sunset": ((92, 62, 140), (250, 150, 70)), "desert": ((140, 200, 240), (250, 232, 200)),
    "water": ((70, 190, 210), (14, 78, 130)), "room": ((206, 220, 212), (190, 208, 200))}
GROUNDS = {
    "grass": ((112, 188, 76), (72, 150, 52)), "table": ((178, 118, 66), (140, 86, 44)), "sea": ((40, 128, 196), (20, 84, 150)),
    "snow": ((250, 252, 255), (226, 234, 244)), "desert": ((236, 196, 120), (214, 160, 88)), "water": ((206, 190, 140), (160, 146, 110)),
    "room": ((150, 104, 78), (122, 80, 58))}


@lru_cache(None)
def surface(name: str, drawn: bool, style: str, width: int, height: int) -> np.ndarray:
    """[height, width, 3] f32, the same for every scene. Only in three dimensions do colours shade from top to bottom."""
    shade = 1.0 if style == "3d" else 0.0
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    blend = lambda ends, t: np.float32(ends[0]) + (np.float32(ends[1]) - np.float32(ends[0])) * (0.5 + (t - 0.5) * shade)
    if not drawn:
        return np.broadcast_to(np.float32(PLAIN[name]) * (1 + shade * (0.03 - 0.08 * y)), (height, width, 3)).copy()
    out = np.broadcast_to(blend(SKIES[name], y), (height, width, 3)).copy()
    row = int(height / CELL * HORIZON.get(name, 1)) * CELL
    if row < height:
        out[row:] = blend(GROUNDS[name], np.linspace(0, 1, height - row, dtype=np.float32)[:, None, None])
    if name == "room":
        out[row:row + 5] = (240, 240, 234)
    return out


@lru_cache(None)
def bump(kind: str, a: float, b: float, reach: tuple[int, int]) -> np.ndarray:
    """[2·reach y + 1, 2·reach x + 1, 1] f32: a star, a puff of cloud or a shadow around its centre."""
    yy, xx = np.mgrid[-reach[1]:reach[1] + 1, -reach[0]:reach[0] + 1].astype(np.float32)
    square = (xx / a) ** 2 + (yy / b) ** 2
    return np.exp(-(square ** 2 if kind == "puff" else square))[..., None]


def around(out: np.ndarray, patch: np.ndarray, x: int, y: int) -> tuple[np.ndarray, np.ndarray]:
    """What of a picture lies under a patch centred at x, y, and that part of the patch."""
    h, w = patch.shape[0] // 2, patch.shape[1] // 2
    top, left = max(0, y - h), max(0, x - w)
    under = out[top:y + h + 1, left:x + w + 1]
    return under, patch[top - y + h:, left - x + w:][:under.shape[0], :under.shape[1]]


def background(r: random.Random, name: str, drawn: bool, style: str, width: int, height: int) -> np.ndarray:
    """[height, width, 3] f32, to be drawn on. Sizes in pixels."""
    out = surface(name, drawn, style, width, height).copy()
    if drawn and name == "night":
        for _ in range(width * height // 1600):
            cx, cy, size = r.randrange(width), r.randrange(height), r.choice((1.4, 2.0))
            under, star = around(out, bump("star", size, size, (6, 6)), cx, cy)
            under += 220 * star
    if drawn and name == "sky":
        for _ in range(max(1, width * height // 16384)):
            cx, cy = r.randrange(0, width, CELL), r.randrange(0, height, CELL)
            under, puff = around(out, bump("puff", 26, 10, (42, 16)), cx, cy)
            under += (252 - under) * puff * 0.9
    return out


def shadow(out: np.ndarray, x: int, y: int, side: int):
    """Of a thing of `side` pixels that stands at x, y."""
    half = side * 0.36
    under, dark = around(out, bump("shadow", half, half * 0.2, (round(2.4 * half), round(0.48 * half))), x, y)
    under *= 1 - 0.4 * dark
