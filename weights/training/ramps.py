"""Other colours for a cut-out."""
import numpy as np

from concepts import COLOURS


def recolour(rgba: np.ndarray, colour: str, where: np.ndarray | None = None) -> np.ndarray:
    """The picture's own brightness, stretched, on the colour's dark–middle–light ramp; `where` (u8) says how much of it. [h, w, 4] u8.
    A picture of one tone (a glyph) takes the middle."""
    a = rgba.astype(np.float32)
    grey = a[..., :3] @ np.float32([0.3, 0.59, 0.11])
    inside = grey[(a[..., 3] > 200) & ((where > 200) if where is not None else True)]
    dark, middle, light = (np.float32(c) for c in COLOURS[colour])
    low, high = np.percentile(inside, (3, 97)) if inside.size else (0, 0)
    if high - low < 4:
        tinted = np.broadcast_to(middle, a[..., :3].shape)
    else:
        at = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
        lower, upper = np.clip(at * 2, 0, 1), np.clip(at * 2 - 1, 0, 1)
        ramp = dark + (middle - dark) * lower ** 0.7 + (light - middle) * upper * 0.55
        tinted = ramp[np.clip((grey - low) * (255 / max(high - low, 40)) + 0.5, 0, 255).astype(np.uint8)]
    share = 1 if where is None else where[..., None].astype(np.float32) / 255
    a[..., :3] += (tinted - a[..., :3]) * share
    return a.round().clip(0, 255).astype(np.uint8)
