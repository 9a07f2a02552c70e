"""Schedules and whole sampling trajectories of diffusers, and noise of torch, for tests/sample.

Run from the repository's root: python tests/oracle/sample.py

The network is a formula that tests/sample/samplers_test.ts computes alike. The first latents and the noise of every
step come from torch's CPU generator with seed 7. Arrays are base64 of little-endian f32.
"""

import base64
import json
import pathlib
import warnings

import diffusers
import numpy as np
import torch

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
OUT = pathlib.Path(__file__).parent.parent / "golden" / "sample"
SHAPE = (1, 2, 2, 4)

CLASSES = {
    "ddim": "DDIMScheduler",
    "pndm": "PNDMScheduler",
    "euler": "EulerDiscreteScheduler",
    "euler_a": "EulerAncestralDiscreteScheduler",
    "dpm++2m": "DPMSolverMultistepScheduler",
    "dpm++2m_sde": "DPMSolverMultistepScheduler",
    "heun": "HeunDiscreteScheduler",
    "lms": "LMSDiscreteScheduler",
    "unipc": "UniPCMultistepScheduler",
    "lcm": "LCMScheduler",
}
EDM_CLASSES = {
    "euler": "EDMEulerScheduler",
    "dpm++2m": "EDMDPMSolverMultistepScheduler",
    "dpm++2m_sde": "EDMDPMSolverMultistepScheduler",
}

BETAS = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, trained_betas=None)
KEPT = dict(clip_sample=False, set_alpha_to_one=False, skip_prk_steps=True, steps_offset=1)
# As the published checkpoints hold them.
SD15 = dict(_class_name="PNDMScheduler", **BETAS, **KEPT)
SD21 = dict(_class_name="DDIMScheduler", **BETAS, **KEPT, prediction_type="v_prediction")
ZSNR = dict(SD21, rescale_betas_zero_snr=True, timestep_spacing="trailing")
SDXL = dict(
    _class_name="EulerDiscreteScheduler", **BETAS, **KEPT, prediction_type="epsilon", interpolation_type="linear",
    sample_max_value=1.0, timestep_spacing="leading", use_karras_sigmas=False,
)
TURBO = dict(SDXL, _class_name="EulerAncestralDiscreteScheduler", timestep_spacing="trailing")
LCM = dict(_class_name="LCMScheduler", **BETAS, clip_sample=False, set_alpha_to_one=True, original_inference_steps=50)
PLAYGROUND = dict(
    _class_name="EDMDPMSolverMultistepScheduler", prediction_type="epsilon", sigma_min=0.002, sigma_max=80.0,
    sigma_data=0.5, rho=7.0, solver_order=2, solver_type="midpoint", lower_order_final=True, euler_at_final=False,
    final_sigmas_type="zero", num_train_timesteps=1000,
)
# A config that says nothing: every default is the class's. DDIM's clips latents.
BARE = dict()
COSINE = dict(beta_schedule="squaredcos_cap_v2")
CLIP = dict(clip_sample=True, clip_sample_range=0.8)

CURVED = ["euler", "heun", "lms", "dpm++2m", "dpm++2m_sde", "unipc"]


def cases():
    for sampler in CLASSES:
        if sampler != "lcm":
            yield from ((sampler, SD15, steps) for steps in (1, 4, 20, 50))
            yield from ((sampler, SDXL, steps) for steps in (4, 20))
            yield sampler, dict(SD15, timestep_spacing="linspace"), 7
            yield sampler, dict(SD15, timestep_spacing="trailing"), 7
            yield from ((sampler, TURBO, steps) for steps in (1, 4))
        yield sampler, SD21, 20
        yield sampler, dict(ZSNR), 20
        yield sampler, BARE, 12
        yield sampler, COSINE, 12
        if sampler not in ("pndm", "euler_a"):
            yield sampler, dict(SD15, prediction_type="sample"), 10
        if sampler not in ("pndm", "lms"):
            yield sampler, dict(LCM if sampler == "lcm" else SDXL), 10, dict(start=4)
    for sampler in CURVED:
        for curve in ("karras", "exponential", "beta"):
            key = {f"use_{curve}_sigmas": True}
            yield from ((sampler, dict(SDXL, **key), steps) for steps in (4, 20))
            yield sampler, dict(SD21, **key), 20
        if sampler != "lms":
            yield sampler, dict(SDXL, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0), 8
        yield sampler, dict(COSINE, use_karras_sigmas=True), 8
    for final in ({}, dict(use_karras_sigmas=True)):
        for sampler in ("euler", "dpm++2m", "dpm++2m_sde", "unipc"):
            yield sampler, dict(SD15, final_sigmas_type="sigma_min", **final), 20
            yield sampler, dict(SD15, final_sigmas_type="sigma_min", **final), 8
    for sampler in ("dpm++2m", "dpm++2m_sde"):
        yield sampler, dict(SD15, use_lu_lambdas=True), 12
        yield sampler, dict(COSINE, lambda_min_clipped=-5.1), 12
        yield sampler, dict(SD15, euler_at_final=True, final_sigmas_type="sigma_min"), 20
        yield sampler, dict(SD15, lower_order_final=False, final_sigmas_type="sigma_min"), 8
        yield sampler, dict(SD15, solver_type="heun"), 20
        yield from ((sampler, dict(SD15, solver_order=order), 20) for order in (1, 3))
        yield sampler, dict(SD15, solver_order=3), 9
    yield from (("unipc", dict(SD15, solver_order=order), steps) for order in (1, 3) for steps in (9, 20))
    yield "unipc", dict(SD15, solver_type="bh1", final_sigmas_type="sigma_min"), 12
    yield "unipc", dict(SD15, disable_corrector=[0, 1, 5]), 12
    yield "unipc", dict(SD15, lower_order_final=False, final_sigmas_type="sigma_min"), 12
    yield from (("ddim", SD15, 20, dict(eta=eta)) for eta in (0.5, 1.0))
    yield "ddim", dict(SD15, set_alpha_to_one=True), 20
    yield "ddim", ZSNR, 20, dict(eta=0.5)
    for sampler in ("ddim", "heun", "lcm"):
        yield sampler, dict(SD15, **CLIP), 8
    yield "ddim", dict(SD21, **CLIP), 8, dict(eta=0.5)
    yield "pndm", dict(SD15, skip_prk_steps=False), 20
    yield "pndm", dict(SD21, skip_prk_steps=False), 7
    yield from (("lcm", LCM, steps) for steps in (1, 4, 8))
    yield "lcm", dict(LCM, original_inference_steps=100, timestep_scaling=1.0), 4
    for sampler in EDM_CLASSES:
        yield from ((sampler, PLAYGROUND, steps) for steps in (1, 4, 20, 50))
        yield sampler, dict(PLAYGROUND, sigma_schedule="exponential"), 20
        yield sampler, dict(PLAYGROUND, prediction_type="v_prediction"), 20
    yield "dpm++2m", dict(PLAYGROUND, solver_order=3), 20
    yield "dpm++2m", dict(PLAYGROUND, final_sigmas_type="sigma_min"), 20


def f32(values):
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def network(x, t):
    x = x.double()
    place = torch.arange(x.numel(), dtype=torch.float64).reshape(x.shape)
    return (0.9 * x / (1 + 0.05 * x * x) + 0.0002 * float(t) + 0.02 * place - 0.15).float()


def run(sampler, config, steps, options):
    name = (EDM_CLASSES if config.get("_class_name", "").startswith("EDM") else CLASSES)[sampler]
    config = {key: value for key, value in config.items() if key != "_class_name"}
    if sampler.startswith("dpm++"):
        config["algorithm_type"] = "sde-dpmsolver++" if sampler.endswith("sde") else "dpmsolver++"
    scheduler = getattr(diffusers, name).from_config(config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    start, eta = options.get("start", 0), options.get("eta")
    extra = dict(eta=eta) if eta is not None else {}
    if sampler in ("ddim", "euler_a", "dpm++2m", "dpm++2m_sde", "lcm") and name != "EDMEulerScheduler":
        extra["generator"] = generator

    calls, path = [], []
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    first = start * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    for i, t in enumerate(scheduler.timesteps[first:]):
        output = network(scheduler.scale_model_input(x, t), t)
        calls.append(float(t))
        x = scheduler.step(output, t, x, return_dict=False, **extra)[0]
        if ends_step(scheduler, sampler, i, len(scheduler.timesteps) - first):
            path.append(x.flatten().tolist())

    sigmas = scheduler.sigmas.tolist() if sampler not in ("ddim", "pndm", "lcm") else []
    if sampler == "heun":
        sigmas = sigmas[:1] + sigmas[1::2]
    return dict(scale=float(scheduler.init_noise_sigma), sigmas=f32(sigmas), calls=f32(calls), path=f32(path))


def ends_step(scheduler, sampler, i, calls):
    """Whether call i of `calls` is the last of a step: Heun and PNDM make several in some."""
    if sampler == "heun":
        return i % 2 == 1 or i == calls - 1
    if sampler == "pndm":
        if scheduler.config.skip_prk_steps:
            return i > 0 or calls == 1
        return i >= 12 or i % 4 == 3
    return True


def noise():
    """Several draws in a row from one generator, by seed: short and long ones, whole blocks of sixteen and not."""
    for seed in (0, 42, 2**32 + 5, 2**63 - 1):
        generator = torch.Generator().manual_seed(seed)
        sizes = [1, 3, 16, 2, 15, 17, 31, 48, 4 * 8 * 9 + 1]
        yield dict(seed=str(seed), sizes=sizes, values=[f32(torch.randn(n, generator=generator)) for n in sizes])


def guidance():
    torch.manual_seed(3)
    conditional, negative = torch.randn(2, 1, 4, 4, 4)
    guided = negative + 7.5 * (conditional - negative)
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg

    rescaled = rescale_noise_cfg(guided, conditional, guidance_rescale=0.7)
    tensors = dict(conditional=conditional, negative=negative, guided=guided, rescaled=rescaled)
    return {key: f32(value.flatten()) for key, value in tensors.items()}


def main():
    torch.set_num_threads(2)
    OUT.mkdir(parents=True, exist_ok=True)
    found = []
    for sampler, config, steps, *options in cases():
        options = options[0] if options else {}
        result = run(sampler, config, steps, options)
        found.append(dict(sampler=sampler, config=config, steps=steps, options=options, **result))
    text = "[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in found) + "\n]\n"
    (OUT / "trajectories.json").write_text(text)
    (OUT / "noise.json").write_text(json.dumps(list(noise())) + "\n")
    (OUT / "guidance.json").write_text(json.dumps(guidance()) + "\n")


if __name__ == "__main__":
    main()
