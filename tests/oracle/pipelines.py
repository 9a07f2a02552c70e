"""Draw final pictures with diffusers from the tiny models: tests/golden/pipeline/*.png, and cases.json that says how.

    python tests/oracle/pipelines.py [case …]

A case's `options` are spelt as the library spells them; `files` are JSON files of the model that the case changes.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import diffusers
import torch
from diffusers import DiffusionPipeline

from common import GOLDEN, MODELS, generator, save_json
from models import BETAS, write_json

APPLE = "a red apple on the left and a blue teapot on the right"
FOREST = "an old woman with a silver lantern in the dark forest, watercolor"
LONG = " and then ".join([APPLE, FOREST, "two cats and three dogs play next to the river", "boats and birds at sea"] * 2)

# Sampler name → what diffusers calls it. Every scheduler starts from the model's own scheduler_config.json.
SAMPLERS = {
    "ddim": ("DDIMScheduler", {}),
    "pndm": ("PNDMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "dpm++2m": ("DPMSolverMultistepScheduler", {}),
    "dpm++2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "heun": ("HeunDiscreteScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
}
SIGMAS = {None: {}, "karras": {"use_karras_sigmas": True}, "exponential": {"use_exponential_sigmas": True}}

TURBO = {**BETAS, "_class_name": "EulerAncestralDiscreteScheduler", "timestep_spacing": "trailing"}
LIGHTNING = {**BETAS, "_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing"}
PLAYGROUND = {
    "_class_name": "EDMDPMSolverMultistepScheduler", "sigma_min": 0.002, "sigma_max": 80.0, "sigma_data": 0.5, "rho": 7.0,
    "prediction_type": "epsilon", "solver_order": 2, "algorithm_type": "dpmsolver++", "final_sigmas_type": "zero",
}
PLAYGROUND_VAE = {
    "scaling_factor": 0.5, "latents_mean": [-1.6574, 1.886, -1.383, 2.5155],
    "latents_std": [8.4927, 5.9022, 6.5498, 5.2299],
}
ZERO_SNR = {
    **BETAS, "_class_name": "DDIMScheduler", "prediction_type": "v_prediction", "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
}
# As people save it: StableDiffusionPipeline sets steps_offset to 1 and clip_sample to false behind their back.
BARE = {"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# A class that does not know clip_sample says nothing of it, and DDIM then clips: the pipeline looks only at the model's
# own scheduler.
SILENT = {**BARE, "_class_name": "EulerDiscreteScheduler", "timestep_spacing": "leading", "steps_offset": 1}


def case(model, prompt, width, height, steps, cfg, seed, files=None, **more):
    options = {"prompt": prompt, "width": width, "height": height, "steps": steps, "cfgScale": cfg, "seed": seed, **more}
    return {"model": model, "options": options, **({"files": files} if files else {})}


def scheduler(config):
    return {"scheduler/scheduler_config.json": config}


CASES = {
    "sd1_default": case("sd1", APPLE, 64, 64, 6, 7.5, 1),
    "sd1_ddim_odd_size": case("sd1", FOREST, 104, 72, 5, 7.5, 42, samplingMethod="ddim", negativePrompt="blue, low detail"),
    "sd1_dpmpp_karras": case("sd1", APPLE, 40, 88, 6, 7, 3, samplingMethod="dpm++2m", scheduler="karras"),
    "sd1_euler_ancestral": case("sd1", FOREST, 56, 64, 5, 3, 2**40 + 7, samplingMethod="euler_a"),
    "sd1_unipc": case("sd1", APPLE, 64, 40, 6, 5, 5, samplingMethod="unipc"),
    "sd1_heun": case("sd1", FOREST, 64, 56, 4, 4, 6, samplingMethod="heun"),
    "sd1_lcm_guidance_1": case("sd1", APPLE, 48, 64, 4, 1, 7, samplingMethod="lcm"),
    "sd1_guidance_0": case("sd1", FOREST, 64, 48, 4, 0, 8, samplingMethod="euler", negativePrompt="ignored here"),
    "sd1_lms_guidance_1": case("sd1", APPLE, 72, 40, 5, 1, 9, samplingMethod="lms"),
    "sd1_sde_clip_skip": case("sd1", APPLE, 56, 56, 5, 6, 10, samplingMethod="dpm++2m_sde", scheduler="karras", clipSkip=2, negativePrompt="boats"),
    "sd1_long_prompt": case("sd1", LONG, 64, 48, 4, 7, 11, samplingMethod="euler", chunkAtComma="off"),
    "sd1_unicode_prompt": case("sd1", "It's  an ÄPFEL-tree’s 3D  photo… 日本 🍎 <3 it'll", 48, 48, 4, 7, 12, samplingMethod="ddim"),
    "sd1_empty_prompt": case("sd1", "", 8, 16, 3, 7, 13, samplingMethod="euler", negativePrompt="dark forest"),
    "sd1_bare_scheduler": case("sd1", FOREST, 40, 56, 4, 5, 14, scheduler(BARE)),
    "sd1_ddim_clips": case("sd1", APPLE, 48, 40, 4, 5, 15, scheduler(SILENT), samplingMethod="ddim"),
    "sd2_default": case("sd2", APPLE, 64, 40, 6, 7.5, 1),
    "sd2_zero_snr_rescaled": case("sd2", FOREST, 40, 56, 6, 9, 2, scheduler(ZERO_SNR), guidanceRescale=0.7),
    "sd2_euler_exponential": case("sd2", APPLE, 48, 56, 5, 5, 3, samplingMethod="euler", scheduler="exponential"),
    "sd2_dpmpp": case("sd2", FOREST, 56, 24, 5, 5, 4, samplingMethod="dpm++2m", negativePrompt="sea"),
    "sd2_ddim_eta": case("sd2", FOREST, 32, 40, 4, 5, 5, eta=0.8),
    "sdxl_default": case("sdxl", APPLE, 64, 64, 5, 5, 1),
    "sdxl_negative": case("sdxl", FOREST, 88, 56, 5, 7, 2, samplingMethod="dpm++2m", scheduler="karras", negativePrompt="blue"),
    "sdxl_clip_skip": case("sdxl", APPLE, 40, 40, 4, 5, 3, clipSkip=3, negativePrompt="boats"),
    "sdxl_sizes": case("sdxl", FOREST, 56, 48, 4, 5, 8, originalSize=[120, 90], crop=[16, 8], targetSize=[100, 200]),
    "sdxl_turbo": case("sdxl", APPLE, 64, 56, 2, 0, 4, scheduler(TURBO)),
    "sdxl_lightning": case("sdxl", FOREST, 56, 72, 4, 1, 5, scheduler(LIGHTNING)),
    "sdxl_ddim_clips": case("sdxl", FOREST, 40, 48, 4, 5, 7, scheduler(SILENT), samplingMethod="ddim"),
    "sdxl_playground25": case("sdxl", APPLE, 64, 48, 5, 3, 6, {**scheduler(PLAYGROUND), "vae/config.json": PLAYGROUND_VAE}),
}


def open_model(folder, files={}):
    """The pipeline in f32; `files` are laid over the JSON files of a copy."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch) / "model"))
        overlay(copy, files)
        variant = "fp16" if any(copy.rglob("*.fp16.*")) else None
        pipe = DiffusionPipeline.from_pretrained(copy, dtype=torch.float32, variant=variant)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def overlay(folder, files):
    """A scheduler is replaced whole (its class, in model_index.json, too); other files are changed key by key."""
    for path, value in files.items():
        if path.startswith("scheduler/"):
            index = json.loads((folder / "model_index.json").read_text())
            write_json(folder / "model_index.json", {**index, "scheduler": ["diffusers", value["_class_name"]]})
            write_json(folder / path, value)
        else:
            write_json(folder / path, {**json.loads((folder / path).read_text()), **value})


def embed(pipe, prompt, skip=1):
    """SD's prompt embedding in 77-token chunks, from the `skip`th layer from the end, under the final norm."""
    ids = pipe.tokenizer(prompt).input_ids[1:-1]
    chunks = [ids[i:i + 75] for i in range(0, max(len(ids), 1), 75)]
    padded = [[pipe.tokenizer.bos_token_id, *c, pipe.tokenizer.eos_token_id] for c in chunks]
    padded = [p + [pipe.tokenizer.pad_token_id] * (77 - len(p)) for p in padded]
    hidden = pipe.text_encoder(torch.tensor(padded), output_hidden_states=True).hidden_states[-skip]
    norm = [m for n, m in pipe.text_encoder.named_modules() if n.endswith("final_layer_norm")][0]
    return norm(hidden).reshape(1, -1, hidden.shape[-1])


def set_sampler(pipe, options):
    if "samplingMethod" in options:
        name, extra = SAMPLERS[options["samplingMethod"]]
        chosen = {**extra, **SIGMAS[options.get("scheduler")]}
        own = {**pipe.scheduler.config, **chosen}
        # from_config drops what is listed here as nobody's choice (use_karras_sigmas too), so our choices leave the
        # list.
        defaults = pipe.scheduler.config.get("_use_default_values", [])
        own["_use_default_values"] = [key for key in defaults if key not in chosen]
        pipe.scheduler = getattr(diffusers, name).from_config(own)


def draw(pipe, options):
    o = options
    set_sampler(pipe, o)
    xl = hasattr(pipe, "text_encoder_2")
    prompt, skip = o["prompt"], o.get("clipSkip", 2 if xl else 1)
    text = {"prompt": prompt, "negative_prompt": o.get("negativePrompt")}
    if xl and "clipSkip" in o:
        # The pipeline would skip for the prompt alone; A1111, ComfyUI and stable-diffusion.cpp skip for both.
        encode = lambda prompt: pipe.encode_prompt(prompt, do_classifier_free_guidance=False, clip_skip=skip - 2)[::2]
        both = dict(zip(("prompt_embeds", "pooled_prompt_embeds"), encode(prompt)))
        text = both | dict(zip(("negative_prompt_embeds", "negative_pooled_prompt_embeds"), encode(o["negativePrompt"])))
    elif xl:
        pass
    elif len(pipe.tokenizer(prompt).input_ids) > 77 or skip > 1:
        positive = embed(pipe, prompt, skip)
        negative = embed(pipe, o.get("negativePrompt", ""), skip)
        repeat = positive.shape[1] // negative.shape[1]  # equal keys twice weigh the same as once
        text = {"prompt_embeds": positive, "negative_prompt_embeds": negative.repeat(1, repeat, 1)}
    more = {"guidance_rescale": o["guidanceRescale"]} if "guidanceRescale" in o else {}
    sizes = {"originalSize": "original_size", "crop": "crops_coords_top_left", "targetSize": "target_size"}
    more |= {theirs: tuple(o[ours]) for ours, theirs in sizes.items() if ours in o}
    return pipe(
        **text, **more, width=o["width"], height=o["height"], num_inference_steps=o["steps"], guidance_scale=o["cfgScale"],
        generator=generator(o["seed"]), eta=o.get("eta", 0.0),
    ).images[0]


if __name__ == "__main__":
    folder = GOLDEN / "pipeline"
    save_json(folder / "cases.json", CASES)
    for name in sys.argv[1:] or CASES:
        given = CASES[name]
        image = draw(open_model(MODELS / given["model"], given.get("files", {})), given["options"])
        image.save(folder / f"{name}.png", optimize=True)
        spread = torch.tensor([b for b in image.tobytes()]).float()
        print(f"{name}: mean {spread.mean():.0f}, deviation {spread.std():.0f}")
