"""diffusers' networks with random weights on the same GPU: what a guided step and a decode take, as rows of JSON.

    python torch_models.py [--small]

A step is one evaluation of a batch of two, as guidance needs. Weights are drawn on the device.
"""
import time

import torch

from torch_gpu import device, say, small, wait
import diffusers  # slow: not before it is known that there is a GPU
from diffusers import AutoencoderKL, UNet2DConditionModel

CROSS_DOWN, CROSS_UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
VAE = dict(
    in_channels=3, out_channels=3, latent_channels=4, block_out_channels=[128, 256, 512, 512], layers_per_block=2,
    down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
)
SD15 = dict(
    block_out_channels=[320, 640, 1280, 1280], down_block_types=[CROSS_DOWN] * 3 + ["DownBlock2D"],
    up_block_types=["UpBlock2D"] + [CROSS_UP] * 3, attention_head_dim=8, cross_attention_dim=768,
)
SDXL = dict(
    block_out_channels=[320, 640, 1280], down_block_types=["DownBlock2D", CROSS_DOWN, CROSS_DOWN],
    up_block_types=[CROSS_UP, CROSS_UP, "UpBlock2D"], attention_head_dim=[5, 10, 20], cross_attention_dim=2048,
    transformer_layers_per_block=[1, 2, 10], use_linear_projection=True, addition_embed_type="text_time",
    addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
)
if small:
    SD15 = dict(SD15, block_out_channels=[32, 32, 32, 32])
    SDXL = dict(SDXL, block_out_channels=[32, 64, 64], attention_head_dim=[1, 2, 2], transformer_layers_per_block=[1, 1, 1])
    VAE = dict(VAE, block_out_channels=[32, 32, 32, 32])


def random_network(make, dtype):
    """Made without memory, then filled on the device as torch initialises layers: within a second or two."""
    with torch.device("meta"):
        network = make()
    network = network.to(dtype).to_empty(device=device).eval()
    for name, p in network.named_parameters():
        if p.dim() < 2:
            p.fill_(1.0 if name.endswith("weight") else 0.0)
        else:
            bound = p[0].numel() ** -0.5
            p.uniform_(-bound, bound)
    return network


def median(run, count):
    run()
    run()
    wait()
    times = []
    for _ in range(count):
        started = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - started)
    return sorted(times)[count // 2]


def tell(what, seconds, more=""):
    told = f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
    say("Models", ["model, random weights, guided", "", ""], [what, told, more])


def peak():
    return f"{torch.cuda.max_memory_allocated() / 2**30:.2f} GiB" if device == "cuda" else ""


def clear():
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def unet(title, config, side, dtype, layout=torch.contiguous_format):
    network = random_network(lambda: UNet2DConditionModel(layers_per_block=2, in_channels=4, out_channels=4, **config), dtype)
    network = network.to(memory_format=layout)
    x = torch.randn(2, 4, side // 8, side // 8, device=device, dtype=dtype).contiguous(memory_format=layout)
    text = torch.randn(2, 77, config["cross_attention_dim"], device=device, dtype=dtype)
    added = {}
    if "addition_embed_type" in config:
        added = {
            "text_embeds": torch.randn(2, 1280, device=device, dtype=dtype),
            "time_ids": torch.tensor([[side, side, 0, 0, side, side]] * 2, device=device, dtype=dtype),
        }
    t = torch.tensor(500, device=device)
    seconds = median(lambda: network(x, t, text, added_cond_kwargs=added), 2 if small else 8)
    tell(title, seconds, peak())


def decoder(title, side, dtype):
    network = random_network(lambda: AutoencoderKL(**VAE), dtype)
    z = torch.randn(1, 4, side // 8, side // 8, device=device, dtype=dtype)
    tell(title, median(lambda: network.decode(z), 2 if small else 4), peak())


side, large = (64, 64) if small else (512, 1024)
version = f"torch {torch.__version__.split('+')[0]}, diffusers {diffusers.__version__}"
f16, f32 = torch.float16, torch.float32
JOBS = [
    (unet, f"SD 1.5, {side}²: step, {version}, f16", SD15, side, f16),
    (unet, f"SD 1.5, {side}²: step, {version}, f32", SD15, side, f32),
    (unet, f"SD 1.5, {side}²: step, {version}, f16, channels last", SD15, side, f16, torch.channels_last),
    (decoder, f"SD 1.5, {side}²: decode, {version}, f16", side, f16),
    (decoder, f"SD 1.5, {side}²: decode, {version}, f32", side, f32),
    (unet, f"SDXL, {large}²: step, {version}, f16", SDXL, large, f16),
    (decoder, f"SDXL, {large}²: decode, {version}, f32", large, f32),
    (unet, f"SDXL, {large}²: step, {version}, f32", SDXL, large, f32),
]
for job, title, *rest in JOBS:
    try:
        clear()
        job(title, *rest)
    except Exception as error:  # the others are still worth knowing
        tell(title, 0, f"FAILED: {str(error).splitlines()[0][:120]}")
