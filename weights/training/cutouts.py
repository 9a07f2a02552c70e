"""Cut-outs of all concepts in four styles, so that training needs nothing but the run's folder.

usage: cutouts.py RUN_FOLDER --modules node_modules    writes RUN_FOLDER/cutouts/STYLE/NAME.png, and NAME.clothes.png for people

Three of the styles are Microsoft's Fluent emoji as npm has them: 3-D pictures, flat drawings, high-contrast glyphs. The fourth is the
flat drawing with its areas white and their edges drawn. Emoji of boys and girls, women and men are faces alone: a body is drawn below.
"""
import argparse
import io
import json
from pathlib import Path
import re

import cv2
import numpy as np
from PIL import Image
import resvg_py

from concepts import CONCEPTS, PEOPLE, STYLES
from ramps import recolour

SIDE = 256
INK = "#2b2b30"
SHOULDERS = "M3.5 32 C3.5 25 8 21.5 16 21.5 C24 21.5 28.5 25 28.5 32 Z"
FILLS = {
    "3d": ('<defs><radialGradient id="g" cx=".42" cy=".3" r=".8"><stop offset="0" stop-color="#c4c4c4"/><stop offset=".6" '
           'stop-color="#8c8c8c"/><stop offset="1" stop-color="#585858"/></radialGradient></defs>', 'fill="url(#g)"'),
    "flat": ("", 'fill="#808080"'), "contrast": ("", 'fill="#000"'),
    "line": ("", f'fill="#fff" stroke="{INK}" stroke-width=".6"'),
}


def render(svg: str) -> Image.Image:
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE)))).convert("RGBA")


def framed(body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">{body}</svg>'


def outlined(svg: str) -> str:
    """A flat drawing with white areas and inked edges; what was dark (eyes, mouths) stays filled."""
    def area(match: re.Match) -> str:
        colour = match[1]
        level = sum(w * int(colour[k:k + 2], 16) for w, k in ((0.3, 0), (0.59, 2), (0.11, 4)))
        return f'fill="{INK if level < 60 else "#ffffff"}" stroke="{INK}" stroke-width=".6" stroke-linejoin="round"'
    return re.sub(r'fill="#([0-9A-Fa-f]{6})"', area, re.sub(r'fill="white"', 'fill="#ffffff"', re.sub(r'fill="black"', 'fill="#000000"', svg)))


class Sources:
    """Finds a label's picture in each of the packages below `modules`."""

    def __init__(self, modules: Path):
        self.modules = modules
        self.codes = {e["label"]: e["hexcode"].lower() for e in json.loads((modules / "emojibase-data/en/data.json").read_text())}
        self.glyphs = json.loads((modules / "@iconify-json/fluent-emoji-high-contrast/icons.json").read_text())["icons"]

    def file(self, package: str, label: str, kind: str) -> Path:
        code = self.codes[label]
        tries = [self.modules / f"@lobehub/{package}/assets/{c}.{kind}" for c in (code, code.replace("-fe0f", ""), code + "-fe0f")]
        found = [t for t in tries if t.exists()]
        if not found:
            raise FileNotFoundError(f"no picture for {label!r}: looked for {', '.join(str(t) for t in tries)}")
        return found[0]

    def picture(self, label: str, style: str) -> Image.Image:
        if style == "3d":
            return Image.open(self.file("fluent-emoji-3d", label, "webp")).convert("RGBA")
        if style == "contrast":
            return render(framed(self.glyphs[label.lower().replace(" ", "-")]["body"].replace("currentColor", "#000")))
        flat = self.file("fluent-emoji-flat", label, "svg").read_text()
        return render(outlined(flat) if style == "line" else flat)


def skin(rgba: np.ndarray) -> np.ndarray:
    """The face, eyes and mouth with it: the hull of the largest area of an emoji's yellow. [h, w] bool."""
    hue, sat, val = (c.astype(int) for c in cv2.split(cv2.cvtColor(rgba[..., :3], cv2.COLOR_RGB2HSV)))
    yellow = ((abs(hue - 22) < 9) & (sat > 120) & (val > 150) & (rgba[..., 3] > 200)).astype(np.uint8)
    _, groups, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(yellow, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    mask = np.zeros_like(yellow)
    if len(stats) > 1:
        points = np.argwhere(groups == 1 + stats[1:, cv2.CC_STAT_AREA].argmax())[:, ::-1]
        cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.int32)), 1)
    return (mask | yellow) > 0


def person(sources: Sources, name: str, style: str) -> tuple[Image.Image, np.ndarray]:
    """A person, and where the clothes are [h, w] u8."""
    label, _, _, colour = PEOPLE[name]
    picture = sources.picture(label, style)
    if colour is None:
        rgba = np.asarray(picture)
        # Glyphs have no colours to tell a face by: all of one is the clothes'. Of a line drawing, what the flat one
        # says.
        body = np.ones(rgba.shape[:2], bool) if style == "contrast" else ~skin(np.asarray(sources.picture(label, "flat")) if style == "line" else rgba)
        return picture, (body & (rgba[..., 3] > 0)).astype(np.uint8) * 255
    defs, fill = FILLS[style]
    body = render(framed(f'{defs}<path d="{SHOULDERS}" {fill}/>'))
    clothes = np.asarray(body.getchannel("A"))
    if style in ("3d", "flat"):
        body = Image.fromarray(recolour(np.asarray(body), colour), "RGBA")
    face = picture.crop(picture.getbbox())
    scale = SIDE * 0.72 / max(face.size)
    face = face.resize((round(face.width * scale), round(face.height * scale)), Image.LANCZOS)
    at = ((SIDE - face.width) // 2, 4)
    if style == "contrast":
        # A black body would swallow the glyph's chin: a gap is left around it.
        gap = Image.new("L", (SIDE, SIDE))
        gap.paste(face.getchannel("A").point(lambda v: 255 * (v > 0)), at)
        filled = cv2.morphologyEx(np.asarray(gap), cv2.MORPH_CLOSE, np.ones((65, 65), np.uint8))
        gap = cv2.dilate(filled, np.ones((13, 13), np.uint8))
        body.putalpha(Image.fromarray(np.minimum(np.asarray(body.getchannel("A")), 255 - gap)))
    body.alpha_composite(face, at)
    covered = np.zeros((SIDE, SIDE), np.uint8)
    covered[at[1]:at[1] + face.height, at[0]:at[0] + face.width] = np.asarray(face.getchannel("A"))
    return body, np.minimum(clothes, 255 - covered) if style != "contrast" else np.full((SIDE, SIDE), 255, np.uint8)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    a = p.parse_args()
    sources = Sources(a.modules)
    for style in STYLES:
        folder = a.run / "cutouts" / style
        folder.mkdir(parents=True, exist_ok=True)
        for name, (label, _) in CONCEPTS.items():
            picture, clothes = person(sources, name, style) if name in PEOPLE else (sources.picture(label, style), None)
            box = picture.getchannel("A").point(lambda v: 255 * (v > 16)).getbbox()
            picture.crop(box).save(folder / f"{name}.png")
            if clothes is not None:
                Image.fromarray(clothes, "L").crop(box).save(folder / f"{name}.clothes.png")
    print(f"{len(CONCEPTS)} concepts in {len(STYLES)} styles")


if __name__ == "__main__":
    main()
