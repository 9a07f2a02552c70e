"""Pictures that people bring, resized by Pillow and traced by OpenCV: golden/picture."""

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

HERE = Path(__file__).parent.parent / "golden"
OUT = HERE / "picture"
SOURCE = OUT / "apple.png"


def kinds():
    """One picture of 24 × 16 pixels in every kind of file."""
    picture = Image.open(SOURCE).convert("RGB").resize((24, 16), Image.LANCZOS)
    picture.save(OUT / "rgb.png")
    picture.convert("P", palette=Image.ADAPTIVE).save(OUT / "palette.png")
    picture.convert("L").save(OUT / "grey.png")
    alpha = Image.linear_gradient("L").resize(picture.size)
    picture.putalpha(alpha)
    picture.save(OUT / "alpha.png")
    picture.convert("LA").save(OUT / "grey_alpha.png")
    picture = picture.convert("RGB")
    sixteen = np.asarray(picture).astype(np.uint16) * 257
    cv2.imwrite(str(OUT / "sixteen.png"), sixteen[..., ::-1])
    picture.save(OUT / "lossless.webp", lossless=True)
    picture.save(OUT / "baseline.jpg", quality=95, subsampling=0)
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture.save(OUT / f"exif_{orientation}.jpg", quality=95, subsampling=0, exif=exif)


def resizing():
    picture = Image.open(SOURCE).convert("RGB")
    picture = picture.crop((20, 30, 117, 101))  # 97 × 71
    picture.save(OUT / "source.png")
    for name in ["bilinear", "bicubic", "lanczos", "nearest"]:
        for width, height in [(41, 90), (150, 133)]:
            resized = picture.resize((width, height), getattr(Image, name.upper()))
            resized.save(OUT / f"{name}_{width}x{height}.png")


def edges():
    source = np.asarray(Image.open(OUT / "source.png"))
    noisy = np.random.default_rng(3).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noisy, (0, 0), 2.5)
    smooth = cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX)
    Image.fromarray(smooth).save(OUT / "smooth.png")
    for name, picture in [("source", source), ("smooth", smooth)]:
        for low, high in [(100, 200), (50, 60)]:
            Image.fromarray(cv2.Canny(picture, low, high)).save(OUT / f"canny_{name}_{low}_{high}.png")


def guided():
    """A pattern of 24 × 16 numbers that takes the edges of a picture, and where Otsu cuts it.

    Epsilons are large: OpenCV sums and inverts in f32, whose errors smaller ones make visible.
    """
    guide = np.asarray(Image.open(OUT / "rgb.png").convert("RGB")).astype(np.float32) / 255
    y, x = np.mgrid[:16, :24]
    plane = ((7 * y + 3 * x) % 11 / 11).astype(np.float32)
    cases = []
    for radius, epsilon in [(2, 1e-1), (5, 1e-2), (20, 1e-2)]:
        out = cv2.ximgproc.guidedFilter(guide, plane, radius, epsilon)
        levels = np.clip(np.round(out * 255), 0, 255).astype(np.uint8)
        cut, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_OTSU)
        values = [round(float(v), 6) for v in out.ravel()]
        cases.append({"radius": radius, "epsilon": epsilon, "otsu": int(cut), "values": values})
    (OUT / "guided.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    kinds()
    resizing()
    edges()
    guided()
