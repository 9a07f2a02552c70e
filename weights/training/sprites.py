"""Cut-outs as they stand in scenes: coloured, scaled, on whole cells. Made once; processes that were forked share what each of them makes."""
from functools import lru_cache
import mmap
from pathlib import Path

import numpy as np
from PIL import Image

from concepts import COLOURS, NAMES, STYLES
from ramps import recolour

CELL = 16
SIDES = (4, 5, 7, 11, 14)  # which of them are shared
KINDS = {kind: k for k, kind in enumerate((name, style, colour) for name in NAMES for style in STYLES for colour in (None, *COLOURS))}


class Sprites:
    """`run` holds the cut-outs. Shared: to be made before the processes are forked; 2 GiB of address space, used as sprites are made."""

    def __init__(self, run: Path, shared: bool = False):
        self.run, self.shared = run, {}
        if shared:
            for side in SIDES:
                shape = len(KINDS), side * CELL, side * CELL, 4
                self.shared[side] = np.frombuffer(mmap.mmap(-1, len(KINDS) * (side * CELL) ** 2 * 4), np.uint8).reshape(shape)
            self.made = np.frombuffer(mmap.mmap(-1, len(SIDES) * len(KINDS)), np.uint8).reshape(len(SIDES), len(KINDS))
        self.kept = lru_cache(6000)(self.make)
        self.cutout = lru_cache(None)(self.read)

    def __call__(self, name: str, style: str, colour: str | None, side: int) -> np.ndarray:
        """[16·side, 16·side, 4] u8, the object centred and standing on the lower edge with two pixels to spare."""
        if side not in self.shared:
            return self.kept(name, style, colour, side)
        at, row = KINDS[name, style, colour], SIDES.index(side)
        if not self.made[row, at]:
            # Two processes may make the same one: they write the same bytes.
            self.shared[side][at] = self.make(name, style, colour, side)
            self.made[row, at] = 1
        return self.shared[side][at]

    def read(self, name: str, style: str) -> tuple[np.ndarray, np.ndarray | None]:
        folder = self.run / "cutouts" / style
        clothes = folder / f"{name}.clothes.png"
        return np.asarray(Image.open(folder / f"{name}.png")), np.asarray(Image.open(clothes)) if clothes.exists() else None

    def make(self, name: str, style: str, colour: str | None, side: int) -> np.ndarray:
        rgba, clothes = self.cutout(name, style)
        cut = Image.fromarray(recolour(rgba, colour, clothes) if colour else rgba, "RGBA")
        scale = (side * CELL - 4) / max(cut.size)
        cut = cut.resize((max(1, round(cut.width * scale)), max(1, round(cut.height * scale))), Image.LANCZOS)
        full = Image.new("RGBA", (side * CELL, side * CELL))
        full.paste(cut, ((side * CELL - cut.width) // 2, side * CELL - 2 - cut.height))
        return np.asarray(full)
