"""Draw pictures of the bundled model with diffusers: tests/golden/mini/*.png, and cases.json that says how. No arguments."""
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline

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
save_json(GOLDEN / "mini/cases.json", {name: {"model": "mini", "options": o} for name, o in CASES.items()})
