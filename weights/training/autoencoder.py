"""The 8× autoencoder: a fixed linear encoder (see linear_start.py) and a decoder trained on scenes of 64² and 128² pixels.

The latents are settled before any training, so the denoiser can learn while the decoder still sharpens.

usage: autoencoder.py RUN_FOLDER --modules node_modules --minutes 60
Writes RUN_FOLDER/autoencoder.pt every two minutes and goes on from it.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image

from linear_start import start_linear
from muon import Muon
from scenes import Studio

LEVELS = (16, 32, 64, 128)
LATENT = 12


def build() -> AutoencoderKL:
    levels = len(LEVELS)
    model = AutoencoderKL(
        in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels, block_out_channels=LEVELS, layers_per_block=1,
        latent_channels=LATENT, norm_num_groups=1, sample_size=128, mid_block_add_attention=False, scaling_factor=1.0)
    silence_variance(model)
    return model


@torch.no_grad()
def silence_variance(model: AutoencoderKL):
    """The log-variance half of the encoder's output is a constant −12: sampling the latent gives its mean."""
    model.quant_conv.weight[LATENT:] = 0
    model.quant_conv.bias[LATENT:] = -12


def to_tensor(pictures: list[np.ndarray], device) -> torch.Tensor:
    """u8 pictures [h, w, 3] → [n, 3, h, w] in −1…1."""
    x = torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous()


def to_pictures(x: torch.Tensor) -> list[np.ndarray]:
    x = ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return list(x)


def edges(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def loss_of(x, y):
    return (x - y).abs().mean() + 0.5 * sum((a - b).abs().mean() for a, b in zip(edges(x), edges(y)))


def batch(studio: Studio, step: int, size: int) -> list[np.ndarray]:
    """Small scenes, and every third time fewer and larger ones, so that no size of picture is strange to GroupNorm."""
    if step % 3 == 0:
        return [studio.scene(16, 16, *studio.random.choice([(1, [8, 10, 12]), (4, [6, 7])])).pixels for _ in range(max(1, size // 4))]
    return [studio.scene(8, 8, *studio.random.choice([(1, [5, 6, 7]), (2, [4])])).pixels for _ in range(size)]


def psnr(model, studio, device) -> tuple[float, list, list]:
    scenes = [studio.scene(8, 8, *c).pixels for c in [(1, [5, 6, 7]), (2, [4])] * 8]
    with torch.no_grad():
        x = to_tensor(scenes, device)
        y = model.decode(model.encode(x).latent_dist.mode()).sample.clamp(-1, 1)
    return (10 * torch.log10(4 / (x - y).square().mean((1, 2, 3)))).mean().item(), to_pictures(x), to_pictures(y)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    p.add_argument("--minutes", type=float, default=60)
    p.add_argument("--batch", type=int, default=4)
    p.add_argument("--rate", type=float, default=0.02)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    a.run.mkdir(parents=True, exist_ok=True)
    file = a.run / "autoencoder.pt"
    model = build()
    step = 0
    if file.exists():
        saved = torch.load(file, map_location="cpu")
        model.load_state_dict(saved["model"])
        step = saved["step"]
    studio, test = Studio(a.modules, 100 + step), Studio(a.modules, 999)
    if not step:
        start_linear(model, to_tensor([p for k in range(30) for p in batch(studio, 3 * k + 1, 8)], "cpu"), LATENT)
        silence_variance(model)
        torch.save({"model": model.state_dict(), "mean": model.state_dict(), "step": 0}, file)
        print(f"linear start: {psnr(model, test, 'cpu')[0]:.2f} dB", flush=True)
    for q in (*model.encoder.parameters(), *model.quant_conv.parameters()):
        q.requires_grad_(False)
    model = model.to(device)
    optimiser = Muon(model, a.rate, 1e-3, plain=(model.decoder.conv_in.weight, model.decoder.conv_out.weight))
    mean = {k: v.detach().clone() for k, v in (saved["mean"] if step else model.state_dict()).items()}
    start, last_save, first, losses = time.time(), time.time(), step, []
    done = False
    while not done:
        passed = (time.time() - start) / 60 / a.minutes
        done = passed >= 1
        optimiser.k = min(1, (step - first + 1) / 20) * max(0.02, min(1, 1.4 * (1 - passed)))
        x = to_tensor(batch(studio, step, a.batch), device)
        with torch.no_grad():
            z = model.encode(x).latent_dist.mode()
        y = model.decode(z + 0.1 * torch.randn_like(z)).sample
        loss = loss_of(x, y)
        loss.backward()
        optimiser.step()
        step += 1
        losses.append((x - y).detach().square().mean().item())
        with torch.no_grad():
            keep = min(0.995, (step - first) / (step - first + 10))
            for k, v in model.state_dict().items():
                mean[k].lerp_(v, 1 - keep)
        if step % 50 == 0:
            print(f"step {step}  {time.time() - start:.0f} s  mse {np.mean(losses[-50:]):.4f}", flush=True)
        if done or time.time() - last_save > 120:
            last_save = time.time()
            live = {k: v.clone() for k, v in model.state_dict().items()}
            model.load_state_dict(mean)
            ratio, real, made = psnr(model, test, device)
            rows = [np.concatenate(part[k:k + 8], 1) for k in (0, 8) for part in (real, made)]
            Image.fromarray(np.concatenate(rows)).save(a.run / "autoencoder.png")
            model.load_state_dict(live)
            torch.save({"model": live, "mean": mean, "step": step}, file)
            print(f"step {step}  PSNR of the running mean {ratio:.2f} dB", flush=True)


if __name__ == "__main__":
    main()
