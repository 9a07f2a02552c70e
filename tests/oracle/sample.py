"""Schedules and whole sampling trajectories of diffusers, and noise of torch, for tests/sample.

Run from the repository's root: python tests/oracle/sample.py

The network is a formula that tests/sample/samplers_test.ts computes alike. The first latents and the noise of every
step come from torch's CPU generator with seed 7. Arrays are base64 of little-endian f32.
"""

import base64
import importlib.util
import json
import pathlib
import sys
import types
import unittest.mock
import warnings

import diffusers
import numpy as np
import torch
from diffusers.schedulers import AysSchedules

# Of k-diffusion only what samples: its package also imports what trains and shows pictures.
package = types.ModuleType("k_diffusion")
package.__path__ = importlib.util.find_spec("k_diffusion").submodule_search_locations
sys.modules["k_diffusion"] = package
unseen = {name: unittest.mock.MagicMock() for name in ("torchvision", "torchvision.transforms")}
with unittest.mock.patch.dict(sys.modules, unseen):
    from k_diffusion import external, sampling

warnings.filterwarnings("ignore")
diffusers.utils.logging.set_verbosity_error()
OUT = pathlib.Path(__file__).parent.parent / "golden" / "sample"
SHAPE = (1, 2, 2, 4)
SCHEDULES = ("sgm_uniform", "simple", "kl_optimal", "align_your_steps")

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
    "dpm++sde": "DPMSolverSDEScheduler",
    "dpm2": "KDPM2DiscreteScheduler",
    "dpm2_a": "KDPM2AncestralDiscreteScheduler",
}
# Samplers of k-diffusion, on the noise levels of diffusers' Euler.
FUNCTIONS = {"dpm++2s_a": "sample_dpmpp_2s_ancestral", "dpm++3m_sde": "sample_dpmpp_3m_sde"}
# CFG++ is written on the steps of these.
RENOISED = {"euler_cfg++": "EulerDiscreteScheduler", "euler_a_cfg++": "EulerAncestralDiscreteScheduler"}
TWICE = ("heun", "dpm++sde", "dpm2", "dpm2_a")
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
COSXL = dict(
    _class_name="EDMEulerScheduler", prediction_type="v_prediction", sigma_min=0.002, sigma_max=120.0, sigma_data=1.0,
    sigma_schedule="exponential", num_train_timesteps=1000,
)
# A config that says nothing: every default is the class's. DDIM's clips latents.
BARE = dict()
COSINE = dict(beta_schedule="squaredcos_cap_v2")
CLIP = dict(clip_sample=True, clip_sample_range=0.8)

CURVED = ["euler", "heun", "lms", "dpm++2m", "dpm++2m_sde", "unipc"]


def cases():
    for sampler in [*CLASSES, *FUNCTIONS, *RENOISED]:
        if sampler in ("dpm++sde", "dpm2", "dpm2_a", *FUNCTIONS, *RENOISED):
            # k-diffusion's 3M breaks off where the only step is the last.
            yield from ((sampler, SD15, steps) for steps in (1, 4, 12) if (sampler, steps) != ("dpm++3m_sde", 1))
            yield from ((sampler, config, 4) for config in (SDXL, TURBO, SD21, BARE))
            if sampler != "euler_a_cfg++":
                yield sampler, dict(SDXL, use_karras_sigmas=True), 8
            yield sampler, SDXL, 6, dict(start=2)
            if sampler in FUNCTIONS:
                yield from ((sampler, SD15, 6, dict(eta=eta)) for eta in (0.0, 0.5))
                yield sampler, PLAYGROUND, 6
            continue
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
    yield "euler", COSXL, 8
    yield "dpm++2m", dict(PLAYGROUND, solver_order=3), 20
    yield "dpm++2m", dict(PLAYGROUND, final_sigmas_type="sigma_min"), 20
    for steps in (1, 6, 10):
        yield from (("euler", SD15, steps, dict(scheduler=name)) for name in SCHEDULES)
    yield "euler", SDXL, 7, dict(scheduler="align_your_steps", xl=True)
    yield "euler", SDXL, 10, dict(scheduler="align_your_steps", xl=True)


def f32(values):
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def network(x, t):
    x = x.double()
    place = torch.arange(x.numel(), dtype=torch.float64).reshape(x.shape)
    return (0.9 * x / (1 + 0.05 * x * x) + 0.0002 * float(t) + 0.02 * place - 0.15).float()


def named_sigmas(name, steps, scheduler, xl):
    """Noise levels by name, without the 0 behind them."""
    table = ((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5
    if name == "sgm_uniform":
        training = external.DiscreteSchedule(table, quantize=False)
        return training.t_to_sigma(torch.linspace(len(table) - 1, 0, steps + 1)[:-1]).tolist()
    if name == "simple":
        return [table[-1 - int(i * len(table) / steps)].item() for i in range(steps)]
    if name == "kl_optimal":
        return np.tan(np.linspace(np.arctan(table[-1].item()), np.arctan(table[0].item()), steps)).tolist()
    levels = AysSchedules["StableDiffusionXLSigmas" if xl else "StableDiffusionSigmas"]
    if steps == 10:
        return levels[:-1]
    known = np.log(levels[:-1] + [0.029])  # the published end, in whose place diffusers has 0
    return np.exp(np.interp(np.linspace(0, 10, steps + 1), np.arange(11), known))[:-1].tolist()


def brownian(generator):
    """Noise over spans of sigma, of one path, in the order in which a solver of two stages asks: a half, then the whole."""
    known = []

    def between(start, end):
        start, end = float(start), float(end)
        normal = torch.randn(SHAPE, generator=generator)
        if not known or known[0][0] != start:
            known[:] = [(start, end, normal)]
            return normal
        _, middle, half = known.pop()
        whole = half * (start - middle) ** 0.5 + normal * (middle - end) ** 0.5
        return whole / (start - end) ** 0.5

    return between


def negative_of(output):
    """What the network says of the negative prompt, to CFG++."""
    return 0.6 * output + 0.05


def run_function(sampler, config, steps, options):
    """A sampler of k-diffusion on diffusers' noise levels; it is told the timesteps that diffusers has at these."""
    edm = config.get("_class_name", "").startswith("EDM")
    kind = diffusers.EDMEulerScheduler if edm else diffusers.EulerDiscreteScheduler
    scheduler = kind.from_config({key: value for key, value in config.items() if key != "_class_name"})
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    start = options.get("start", 0)
    known = dict(zip(scheduler.sigmas.tolist(), scheduler.timesteps.tolist()))
    calls, path = [], []

    def denoise(x, sigma):
        sigma = sigma.reshape(-1)[0]
        if edm:
            t = scheduler.precondition_noise(sigma)
            calls.append(float(t))
            return scheduler.precondition_outputs(x, network(scheduler.precondition_inputs(x, sigma), t), sigma)
        logs = np.log(np.array(((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5))
        between = sampler == "dpm++2s_a" and len(calls) % 2 == 1
        t = None if between else known[sigma.item()]
        t = float(scheduler._sigma_to_t(sigma.numpy(), logs)) if t is None else t
        calls.append(t)
        output = network(x / (sigma**2 + 1) ** 0.5, t)
        if config.get("prediction_type") == "v_prediction":
            return x / (sigma**2 + 1) - output * sigma / (sigma**2 + 1) ** 0.5
        return x - sigma * output

    def callback(state):
        if state["i"] > 0:
            path.append(state["x"].flatten().tolist())

    # In double precision, for what lies between two steps is found by logarithms there and by a root in ours.
    x = torch.randn(SHAPE, generator=generator).double() * scheduler.init_noise_sigma
    sigmas = scheduler.sigmas[start:].double()
    extra = dict(eta=options["eta"]) if "eta" in options else {}
    noise = lambda start, end: torch.randn(SHAPE, generator=generator).double()  # noqa: E731
    function = getattr(sampling, FUNCTIONS[sampler])
    x = function(denoise, x, sigmas, callback=callback, disable=True, noise_sampler=noise, **extra)
    path.append(x.flatten().tolist())
    return dict(
        scale=float(scheduler.init_noise_sigma), sigmas=f32(scheduler.sigmas.tolist()), calls=f32(calls), path=f32(path)
    )


def run(sampler, config, steps, options):
    if sampler in FUNCTIONS:
        return run_function(sampler, config, steps, options)
    name = (EDM_CLASSES if config.get("_class_name", "").startswith("EDM") else CLASSES | RENOISED)[sampler]
    config = {key: value for key, value in config.items() if key != "_class_name"}
    if sampler.startswith("dpm++"):
        config["algorithm_type"] = "sde-dpmsolver++" if sampler.endswith("sde") else "dpmsolver++"
    scheduler = getattr(diffusers, name).from_config(config)
    if "scheduler" in options:
        named = named_sigmas(options["scheduler"], steps, scheduler, options.get("xl"))
        scheduler.set_timesteps(sigmas=[*named, 0.0])
    else:
        scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    if sampler == "dpm++sde":
        scheduler.noise_sampler = brownian(generator)
    start, eta = options.get("start", 0), options.get("eta")
    extra = dict(eta=eta) if eta is not None else {}
    if sampler in ("ddim", "euler_a", "euler_a_cfg++", "dpm++2m", "dpm++2m_sde", "lcm", "dpm2_a") and name != "EDMEulerScheduler":
        extra["generator"] = generator

    calls, path = [], []
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    first = start * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    for i, t in enumerate(scheduler.timesteps[first:]):
        output = network(scheduler.scale_model_input(x, t), t)
        calls.append(float(t))
        if sampler in RENOISED:
            # CFG++, algorithm 2: the step of the negative prediction, from the guided estimate of x0
            state = generator.get_state()
            guided = scheduler.step(output, t, x, **extra).pred_original_sample
            scheduler._step_index -= 1
            generator.set_state(state)
            moved = scheduler.step(negative_of(output), t, x, **extra)
            x = moved.prev_sample + guided - moved.pred_original_sample
        else:
            x = scheduler.step(output, t, x, return_dict=False, **extra)[0]
        if ends_step(scheduler, sampler, i, len(scheduler.timesteps) - first):
            path.append(x.flatten().tolist())

    sigmas = scheduler.sigmas.tolist() if sampler not in ("ddim", "pndm", "lcm") else []
    if sampler in ("heun", "dpm++sde"):
        sigmas = sigmas[:1] + sigmas[1::2]
    if sampler in ("dpm2", "dpm2_a"):
        sigmas = sigmas[:1] + sigmas[1:-1:2]
    return dict(scale=float(scheduler.init_noise_sigma), sigmas=f32(sigmas), calls=f32(calls), path=f32(path))


def ends_step(scheduler, sampler, i, calls):
    """Whether call i of `calls` is the last of a step: Heun and PNDM make several in some."""
    if sampler in TWICE:
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
