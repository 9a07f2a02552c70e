"""Draw pictures that start from pictures with diffusers: tests/golden/start/*.png, and cases.json that says how.

    python tests/oracle/from_pictures.py [case …]

Cases are as in pipelines.py; pictures are named by their path in tests/golden. Cases with `inpaintUnet` widen the U-Net's first
convolution to nine channels by weights that torch's generator draws, and the test does the same.
"""
import sys

import numpy as np
import torch
from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
)
from PIL import Image

from common import GOLDEN, MODELS, generator, save_json
from pipelines import APPLE, FOREST, case, open_model, set_sampler

OUT = GOLDEN / "start"
INPUT, MASK = "start/input.png", "start/mask.png"

# 1000 is the seed of the nine channels' weights.
WIDE_SEED = 1000


def start(model, prompt, width, height, steps, cfg, seed, strength, **more):
    return case(model, prompt, width, height, steps, cfg, seed, initImage=INPUT, strength=strength, **more)


def inpaint(*args, **more):
    return start(*args, mask=MASK, **more)


CASES = {
    "sd1_default": start("sd1", APPLE, 64, 48, 8, 7.5, 1, 0.6, negativePrompt=""),
    "sd1_default_one_early": start("sd1", APPLE, 64, 48, 6, 7.5, 1, 0.85),
    "sd1_ddim": start("sd1", FOREST, 64, 48, 6, 5, 2, 0.5, samplingMethod="ddim"),
    "sd1_euler": start("sd1", FOREST, 64, 48, 6, 5, 3, 0.7, samplingMethod="euler"),
    "sd1_euler_a_resized": start("sd1", APPLE, 40, 56, 6, 5, 4, 0.6, samplingMethod="euler_a"),
    "sd1_dpmpp_karras": start("sd1", APPLE, 64, 48, 7, 5, 5, 0.75, samplingMethod="dpm++2m", scheduler="karras"),
    "sd1_heun": start("sd1", FOREST, 64, 48, 5, 5, 6, 0.6, samplingMethod="heun"),
    "sd1_unipc_all": start("sd1", FOREST, 64, 48, 5, 5, 7, 1.0, samplingMethod="unipc"),
    "sd1_lms": start("sd1", APPLE, 64, 48, 6, 4, 8, 0.7, samplingMethod="lms"),
    "sd2_default": start("sd2", APPLE, 64, 48, 6, 7.5, 9, 0.6),
    "sd2_euler": start("sd2", FOREST, 64, 48, 6, 5, 10, 0.5, samplingMethod="euler"),
    "sdxl_default": start("sdxl", APPLE, 64, 48, 6, 5, 11, 0.6),
    "sdxl_dpmpp": start("sdxl", FOREST, 64, 48, 6, 5, 12, 0.5, samplingMethod="dpm++2m", scheduler="karras"),
    "sd1_inpaint_default": inpaint("sd1", APPLE, 64, 48, 6, 7.5, 21, 1.0),
    "sd1_inpaint_default_part": inpaint("sd1", APPLE, 64, 48, 8, 7.5, 21, 0.6),
    "sd1_inpaint_euler": inpaint("sd1", FOREST, 64, 48, 5, 5, 22, 0.7, samplingMethod="euler"),
    "sd1_inpaint_dpmpp": inpaint("sd1", APPLE, 64, 48, 6, 5, 23, 1.0, samplingMethod="dpm++2m"),
    "sd1_inpaint_heun": inpaint("sd1", APPLE, 64, 48, 4, 5, 24, 0.8, samplingMethod="heun"),
    "sd2_inpaint_ddim": inpaint("sd2", APPLE, 64, 48, 5, 5, 25, 0.8),
    "sdxl_inpaint": inpaint("sdxl", FOREST, 64, 48, 5, 5, 26, 0.8),
    "sd1_inpaint_nine": {**inpaint("sd1", APPLE, 64, 48, 5, 7.5, 31, 1.0, samplingMethod="ddim"), "inpaintUnet": True},
    "sd1_inpaint_nine_part": {**inpaint("sd1", FOREST, 64, 48, 6, 5, 32, 0.7, samplingMethod="euler"), "inpaintUnet": True},
    "sdxl_inpaint_nine": {**inpaint("sdxl", FOREST, 64, 48, 5, 5, 33, 1.0), "inpaintUnet": True},
}

LARGER = {
    "sd1_hires": case("sd1", APPLE, 40, 48, 4, 5, 41, samplingMethod="euler", hiresScale=1.5, hiresStrength=0.6, hiresSteps=5),
    "sd1_hires_latent": case(
        "sd1", FOREST, 48, 40, 4, 5, 42, samplingMethod="dpm++2m", hiresSize=[64, 56], hiresUpscaler="latent"
    ),
    "sdxl_hires": case("sdxl", APPLE, 40, 40, 4, 5, 43, hiresScale=1.4),
}


def inputs():
    """A smooth, colourful picture of 64 × 48 pixels, and a mask with grey in it."""
    y, x = np.mgrid[0:48, 0:64].astype(float)
    waves = [np.sin(x / 9 + y / 14), np.cos(x / 12 - y / 7), np.sin((x - 30) ** 2 / 300 + y / 10)]
    rgb = np.stack([127.5 + 110 * wave for wave in waves], -1).round().astype(np.uint8)
    Image.fromarray(rgb).save(GOLDEN / INPUT, optimize=True)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:37, 21:50] = 255
    mask[12:20, 5:15] = 128
    mask[30:40, 5:15] = 127
    Image.fromarray(mask).save(GOLDEN / MASK, optimize=True)


def widen(unet):
    """Nine input channels: the first ones as they were."""
    old = unet.conv_in
    new = torch.nn.Conv2d(9, old.out_channels, 3, padding=1)
    count = old.out_channels * 5 * 9
    more = torch.randn(count, generator=generator(WIDE_SEED)).reshape(old.out_channels, 5, 3, 3) * 0.1
    new.weight.copy_(torch.cat([old.weight, more], 1))
    new.bias.copy_(old.bias)
    unet.conv_in = new
    unet.register_to_config(in_channels=9)


def draw(pipe, given):
    o = given["options"]
    set_sampler(pipe, o)
    xl = hasattr(pipe, "text_encoder_2")
    masked = "mask" in o
    kinds = {
        (False, False): StableDiffusionImg2ImgPipeline,
        (False, True): StableDiffusionInpaintPipeline,
        (True, False): StableDiffusionXLImg2ImgPipeline,
        (True, True): StableDiffusionXLInpaintPipeline,
    }
    if given.get("inpaintUnet"):
        widen(pipe.unet)
    kind = kinds[xl, masked]
    parts = {k: v for k, v in pipe.components.items() if k not in ("image_encoder", "feature_extractor")}
    if not xl:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = kind(**parts)
    pipe.set_progress_bar_config(disable=True)
    image = Image.open(GOLDEN / o["initImage"]).convert("RGB")
    size = {"width": o["width"], "height": o["height"]}
    more = {}
    if masked:
        more = {"mask_image": Image.open(GOLDEN / o["mask"]), **size}
    elif image.size != (o["width"], o["height"]):
        image = image.resize((o["width"], o["height"]), Image.LANCZOS)
    drawn = pipe(
        prompt=o["prompt"], negative_prompt=o.get("negativePrompt"), image=image, strength=o["strength"],
        num_inference_steps=o["steps"], guidance_scale=o["cfgScale"], generator=generator(o["seed"]), **more,
    ).images[0]
    if not masked:
        return drawn
    # What is kept is the original's, to the pixel.
    white = Image.open(GOLDEN / o["mask"]).point(lambda v: 255 if v >= 128 else 0)
    return Image.composite(drawn, image, white)


def draw_larger(pipe, o):
    """Text to image, enlarged, image to image with the same seed."""
    set_sampler(pipe, o)
    latent = o.get("hiresUpscaler") == "latent"
    text = {"prompt": o["prompt"], "negative_prompt": o.get("negativePrompt"), "guidance_scale": o["cfgScale"]}
    first = pipe(
        **text, width=o["width"], height=o["height"], num_inference_steps=o["steps"], generator=generator(o["seed"]),
        output_type="latent" if latent else "pil",
    ).images
    scale = o.get("hiresScale")
    width, height = o.get("hiresSize") or [round(side * scale / 8) * 8 for side in (o["width"], o["height"])]
    if latent:
        # Latents of the denoiser's scale, as the pipeline takes them where a picture would stand.
        image = torch.nn.functional.interpolate(first, size=(height // 8, width // 8), mode="bilinear")
    else:
        image = first[0].resize((width, height), Image.LANCZOS)
    xl = hasattr(pipe, "text_encoder_2")
    parts = {k: v for k, v in pipe.components.items() if k not in ("image_encoder", "feature_extractor")}
    if not xl:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    again = (StableDiffusionXLImg2ImgPipeline if xl else StableDiffusionImg2ImgPipeline)(**parts)
    again.set_progress_bar_config(disable=True)
    return again(
        **text, image=image, strength=o.get("hiresStrength", 0.5), generator=generator(o["seed"]),
        num_inference_steps=o.get("hiresSteps", o["steps"]),
    ).images[0]


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    inputs()
    every = CASES | LARGER
    save_json(OUT / "cases.json", every)
    for name in sys.argv[1:] or every:
        given = every[name]
        pipe = open_model(MODELS / given["model"])
        image = draw_larger(pipe, given["options"]) if name in LARGER else draw(pipe, given)
        image.save(OUT / f"{name}.png", optimize=True)
        spread = torch.tensor([b for b in image.tobytes()]).float()
        print(f"{name}: mean {spread.mean():.0f}, deviation {spread.std():.0f}")
