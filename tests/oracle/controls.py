"""Draw pictures that ControlNets steer with diffusers: tests/golden/control/*.png, and cases.json that says how.

    python tests/oracle/controls.py [case …]

Cases are as in pipelines.py. A ControlNet is a copy of its model's first half, the rest of its weights drawn by torch's generator:
its `model` in a case is that seed, and the test makes the same one. Pictures are named by their path in tests/golden.
"""
import sys

import diffusers
import torch
from diffusers import ControlNetModel
from PIL import Image

from common import GOLDEN, MODELS, generator, save_json
from pipelines import APPLE, FOREST, case, open_model, set_sampler

OUT = GOLDEN / "control"
WAVES, SHAPES = "start/input.png", "start/mask.png"
# Of the embedding, as far as the VAE halves pictures.
WIDTHS = (4, 8, 12, 16)


def net(seed, image=WAVES, **more):
    return {"model": str(seed), "image": image, **more}


def control(model, prompt, steps, cfg, seed, *nets, **more):
    return case(model, prompt, 64, 48, steps, cfg, seed, controlNets=list(nets), **more)


def from_picture(*args, **more):
    return control(*args, initImage=WAVES, **more)


CASES = {
    "sd1_default": control("sd1", APPLE, 6, 7.5, 1, net(1)),
    "sd1_two_part": control("sd1", FOREST, 7, 5, 2, net(1, strength=0.9, start=0.2, end=0.7), net(2, SHAPES, strength=0.5), negativePrompt=""),
    "sd1_heun_part": control("sd1", APPLE, 5, 4, 3, net(2, SHAPES, strength=0.8, start=0.3, end=0.9), samplingMethod="heun"),
    "sd1_pndm_first": control("sd1", FOREST, 8, 6, 4, net(1, start=0.1, end=0.5)),
    "sd1_guess": control("sd1", FOREST, 6, 4, 5, net(1, strength=1.3, end=0.8), guessMode=True),
    "sd1_guess_unguided": control("sd1", APPLE, 4, 1, 6, net(2, SHAPES), samplingMethod="euler", guessMode=True),
    "sd1_picture": from_picture("sd1", APPLE, 8, 7.5, 7, net(1, SHAPES, strength=0.9, start=0.2, end=0.7), net(2, strength=0.5), strength=0.6, negativePrompt=""),
    "sd1_picture_euler_a": from_picture("sd1", APPLE, 6, 5, 8, net(2, SHAPES, end=0.6), strength=0.7, samplingMethod="euler_a"),
    "sd1_inpaint": from_picture("sd1", FOREST, 6, 5, 9, net(1, SHAPES), mask="start/mask.png", strength=1.0, samplingMethod="dpm++2m"),
    "sd2_default": control("sd2", APPLE, 6, 7.5, 10, net(3, SHAPES, strength=0.7)),
    "sdxl_default": control("sdxl", FOREST, 5, 5, 11, net(4)),
    "sdxl_two_guess": control("sdxl", APPLE, 5, 5, 12, net(4, SHAPES, strength=0.6), net(5, start=0.3), guessMode=True),
    "sdxl_picture": from_picture("sdxl", FOREST, 6, 5, 13, net(4, SHAPES, end=0.8), strength=0.6),
}


def make(unet, vae, seed):
    """The first half of `unet`; what is only a ControlNet's, in the order of its names, from one draw."""
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=WIDTHS[:len(vae.config.block_out_channels)])
    own = sorted((name, p) for name, p in net.named_parameters() if name.startswith("controlnet_"))
    draws = torch.randn(sum(p.numel() for _, p in own), generator=generator(seed)).split([p.numel() for _, p in own])
    for (_, p), values in zip(own, draws):
        p.copy_((values * 0.2).half().reshape(p.shape))
    return net.eval()


def draw(pipe, given):
    o = given["options"]
    set_sampler(pipe, o)
    xl = hasattr(pipe, "text_encoder_2")
    kind = "Inpaint" if "mask" in o else "Img2Img" if "initImage" in o else ""
    cls = getattr(diffusers, f"StableDiffusion{'XL' if xl else ''}ControlNet{kind}Pipeline")
    parts = {k: v for k, v in pipe.components.items() if k not in ("image_encoder", "feature_extractor")}
    if not xl:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    nets = o["controlNets"]
    made = [make(pipe.unet, pipe.vae, int(n["model"])) for n in nets]
    pipe = cls(**parts, controlnet=made if len(made) > 1 else made[0])
    pipe.set_progress_bar_config(disable=True)
    read = lambda path: Image.open(GOLDEN / path).convert("RGB")
    one = lambda values: values if len(nets) > 1 else values[0]
    hints = one([read(n["image"]) for n in nets])
    more = {"image": hints}
    if kind:
        more = {"image": read(o["initImage"]), "control_image": hints, "strength": o["strength"]}
    if kind == "Inpaint":
        more["mask_image"] = Image.open(GOLDEN / o["mask"])
    drawn = pipe(
        prompt=o["prompt"], negative_prompt=o.get("negativePrompt"), width=o["width"], height=o["height"],
        num_inference_steps=o["steps"], guidance_scale=o["cfgScale"], generator=generator(o["seed"]),
        controlnet_conditioning_scale=one([float(n.get("strength", 1)) for n in nets]),
        control_guidance_start=[float(n.get("start", 0)) for n in nets],
        control_guidance_end=[float(n.get("end", 1)) for n in nets],
        guess_mode=o.get("guessMode", False), **more,
    ).images[0]
    if kind != "Inpaint":
        return drawn
    # What is kept is the original's, to the pixel.
    white = Image.open(GOLDEN / o["mask"]).point(lambda v: 255 if v >= 128 else 0)
    return Image.composite(drawn, read(o["initImage"]), white)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    save_json(OUT / "cases.json", CASES)
    for name in sys.argv[1:] or CASES:
        given = CASES[name]
        image = draw(open_model(MODELS / given["model"]), given)
        image.save(OUT / f"{name}.png", optimize=True)
        spread = torch.tensor([b for b in image.tobytes()]).float()
        print(f"{name}: mean {spread.mean():.0f}, deviation {spread.std():.0f}")
