"""Draw pictures of the bundled model with diffusers: tests/golden/mini/*.png, and cases.json that says how. No arguments."""
from pathlib import Path

import cv2
import torch
import numpy as np
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline
from PIL import Image

from common import GOLDEN, save_json

MODEL = Path(__file__).parents[2] / "weights/mini"
CASES = {
    "apple": {"prompt": "a red apple", "width": 256, "height": 256, "steps": 8, "cfgScale": 4, "seed": 1},
    "wide": {"prompt": "a dog on the left and a blue car on the right", "width": 256, "height": 128, "steps": 5, "cfgScale": 3, "seed": 2},
}

pipe = StableDiffusionPipeline.from_pretrained(MODEL, torch_dtype=torch.float32)
(GOLDEN / "mini").mkdir(exist_ok=True)
for name, o in CASES.items():
    image = pipe(o["prompt"], width=o["width"], height=o["height"], num_inference_steps=o["steps"], guidance_scale=o["cfgScale"],
                 generator=torch.Generator().manual_seed(o["seed"])).images[0]
    image.save(GOLDEN / "mini" / f"{name}.png")

# Its ControlNet, shown the edges of the first picture.
apple = np.asarray(Image.open(GOLDEN / "mini/apple.png"))
hint = Image.fromarray(cv2.Canny(apple, 100, 200)).convert("RGB")
hint.save(GOLDEN / "mini/apple_edges.png", optimize=True)
o = {"prompt": "a green ball", "width": 256, "height": 256, "steps": 8, "cfgScale": 4, "seed": 3}
net = ControlNetModel.from_pretrained(MODEL / "canny", torch_dtype=torch.float32)
steered = StableDiffusionControlNetPipeline(**pipe.components, controlnet=net)
image = steered(o["prompt"], hint, width=o["width"], height=o["height"], num_inference_steps=o["steps"], guidance_scale=o["cfgScale"],
                generator=torch.Generator().manual_seed(o["seed"])).images[0]
image.save(GOLDEN / "mini/steered.png")
CASES["steered"] = o | {"controlNets": [{"model": "canny", "image": "tests/golden/mini/apple_edges.png"}]}

save_json(GOLDEN / "mini/cases.json", {name: {"model": "mini", "options": o} for name, o in CASES.items()})
