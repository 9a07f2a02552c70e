"""Draw pictures that ControlNets steer with diffusers: tests/golden/control/*.png, and cases.json that says how.

    python tests/oracle/controls.py [case …]

Cases are as in pipelines.py. A ControlNet is a copy of its model's first half, the rest of its weights drawn by torch's generator:
its `model` in a case is that seed, and the test makes the same one. Pictures are named by their path in tests/golden. Cases with
`pooled` have ControlNets of Shuffle's kind, those with `small` ones without attention, as SDXL's small ones are, those with
`inpaintUnet` the nine channels of from_pictures.py.

In regions (regions.py) a ControlNet is evaluated wherever the UNet is: with the same prompts, attending alike, and in canvas mode on
the box's share of what it made of the whole control picture.
"""
import sys

import diffusers
import numpy as np
import torch
from diffusers import ControlNetModel
from PIL import Image

import regions
from common import GOLDEN, MODELS, generator, save_json
from from_pictures import widen
from pipelines import APPLE, FOREST, case, open_model, set_sampler

OUT = GOLDEN / "control"
WAVES, SHAPES = "start/input.png", "start/mask.png"
# Of the embedding, as far as the VAE halves pictures.
WIDTHS = (4, 8, 12, 16, 20)


def net(seed, image=WAVES, **more):
    return {"model": str(seed), "image": image, **more}


def control(model, prompt, steps, cfg, seed, *nets, **more):
    return case(model, prompt, 64, 48, steps, cfg, seed, controlNets=list(nets), **more)


def from_picture(*args, **more):
    return control(*args, initImage=WAVES, **more)


PLAN = regions.plan("2,2,1;1", 3, basePrompt=FOREST, baseRatio=0.3)


def regional(model, steps, seed, plan, *nets, **more):
    return regions.case(model, 64, 48, steps, 6, seed, plan, controlNets=list(nets), **more)


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
    "sdxl_small": {**control("sdxl", APPLE, 5, 5, 22, net(4, strength=0.7)), "small": True},
    "sd1_inpaint_nine": {
        **from_picture("sd1", APPLE, 5, 5, 14, net(1, SHAPES, strength=0.8), mask="start/mask.png", strength=1.0, samplingMethod="ddim"),
        "inpaintUnet": True,
    },
    "sd1_pooled": {**control("sd1", FOREST, 5, 6, 15, net(6, strength=1.5)), "pooled": True},
    "sd1_pooled_guess": {**control("sd1", APPLE, 4, 4, 16, net(6, SHAPES, end=0.7), guessMode=True), "pooled": True},
    "sd1_hires": control("sd1", APPLE, 4, 5, 17, net(2, SHAPES, strength=0.7), samplingMethod="euler", hiresScale=1.25, hiresStrength=0.6),
    "sd1_attention_base": regional("sd1", 6, 18, PLAN, net(1, strength=0.7)),
    "sd1_latent": regional("sd1", 5, 19, {**PLAN, "mode": "latent"}, net(2, SHAPES, strength=0.6)),
    "sd1_canvas_two": regional("sd1", 5, 20, {**PLAN, "mode": "canvas"}, net(1, SHAPES, strength=0.8), net(2, strength=0.4)),
    "sdxl_bind": regional("sdxl", 6, 21, {**PLAN, "mode": "bind"}, net(4, strength=0.6), bind=0.5, refineRatio=0.3, samplingMethod="dpm++2m"),
}


def make(unet, vae, seed, small=False):
    """The first half of `unet`; what is only a ControlNet's, in the order of its names, from one draw."""
    net = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=WIDTHS[:len(vae.config.block_out_channels)])
    if small:
        plain = ["DownBlock2D"] * len(net.config.down_block_types)
        whole, net = net, ControlNetModel.from_config({**net.config, "down_block_types": plain, "mid_block_type": "UNetMidBlock2D"})
        assert not net.load_state_dict(whole.state_dict(), strict=False).missing_keys
    own = sorted((name, p) for name, p in net.named_parameters() if name.startswith("controlnet_"))
    draws = torch.randn(sum(p.numel() for _, p in own), generator=generator(seed)).split([p.numel() for _, p in own])
    for (_, p), values in zip(own, draws):
        p.copy_((values * 0.2).half().reshape(p.shape))
    return net.eval()


def read(path):
    return Image.open(GOLDEN / path).convert("RGB")


def draw_regions(pipe, o):
    """Make the UNet ask the ControlNets itself, wherever it is asked."""
    unet, predict = pipe.unet, pipe.unet.forward
    nets = [(make(unet, pipe.vae, int(n["model"])), float(n["strength"])) for n in o["controlNets"]]
    hints = []
    for (net, _), n in zip(nets, o["controlNets"]):
        picture = torch.from_numpy(np.asarray(read(n["image"]))).permute(2, 0, 1)[None] / 255
        hints.append(net.controlnet_cond_embedding(picture))
        net.controlnet_cond_embedding = torch.nn.Identity()

    def forward(sample, t, encoder_hidden_states, added_cond_kwargs=None, **more):
        left, right, top, bottom = getattr(sample, "place", (0, None, 0, None))
        skips, middle = None, 0
        for (net, strength), hint in zip(nets, hints):
            own, last = net(
                sample, t, encoder_hidden_states, hint[..., top:bottom, left:right], strength,
                added_cond_kwargs=added_cond_kwargs, return_dict=False,
            )
            skips = own if skips is None else [a + b for a, b in zip(skips, own)]
            middle = middle + last
        return predict(
            sample, t, encoder_hidden_states, added_cond_kwargs=added_cond_kwargs,
            down_block_additional_residuals=skips, mid_block_additional_residual=middle, **more,
        )

    unet.forward = forward
    return regions.draw(pipe, o, [net for net, _ in nets])


def draw(pipe, given):
    o = given["options"]
    if "plan" in o:
        return draw_regions(pipe, o)
    set_sampler(pipe, o)
    xl = hasattr(pipe, "text_encoder_2")
    kind = "Inpaint" if "mask" in o else "Img2Img" if "initImage" in o else ""
    cls = getattr(diffusers, f"StableDiffusion{'XL' if xl else ''}ControlNet{kind}Pipeline")
    parts = {k: v for k, v in pipe.components.items() if k not in ("image_encoder", "feature_extractor")}
    if not xl:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    nets = o["controlNets"]
    made = [make(pipe.unet, pipe.vae, int(n["model"]), given.get("small", False)) for n in nets]
    for net in made:
        net.register_to_config(global_pool_conditions=given.get("pooled", False))
    if given.get("inpaintUnet"):
        widen(pipe.unet)
    pipe = cls(**parts, controlnet=made if len(made) > 1 else made[0])
    pipe.set_progress_bar_config(disable=True)
    one = lambda values: values if len(nets) > 1 else values[0]
    hints = one([read(n["image"]) for n in nets])
    more = {"image": hints}
    if kind:
        more = {"image": read(o["initImage"]), "control_image": hints, "strength": o["strength"]}
    if kind == "Inpaint":
        more["mask_image"] = Image.open(GOLDEN / o["mask"])
    text = {"prompt": o["prompt"], "negative_prompt": o.get("negativePrompt"), "guidance_scale": o["cfgScale"]}
    steering = dict(
        controlnet_conditioning_scale=one([float(n.get("strength", 1)) for n in nets]),
        control_guidance_start=[float(n.get("start", 0)) for n in nets],
        control_guidance_end=[float(n.get("end", 1)) for n in nets],
        guess_mode=o.get("guessMode", False),
    )
    drawn = pipe(
        **text, **steering, **more, width=o["width"], height=o["height"], num_inference_steps=o["steps"], generator=generator(o["seed"]),
    ).images[0]
    if "hiresScale" in o:
        size = [round(side * o["hiresScale"] / 8) * 8 for side in drawn.size]
        again = diffusers.StableDiffusionControlNetImg2ImgPipeline(**pipe.components)
        again.set_progress_bar_config(disable=True)
        return again(
            **text, **steering, image=drawn.resize(size, Image.LANCZOS), control_image=hints, strength=o["hiresStrength"],
            width=size[0], height=size[1], num_inference_steps=o["steps"], generator=generator(o["seed"]),
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
