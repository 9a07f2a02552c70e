"""Trains a ControlNet for a finished model: pictures by their edges (Zhang et al., arXiv 2302.05543).

usage: controlnet.py RUN_FOLDER MODEL_FOLDER --minutes 60 [--limit 20] [--export FOLDER] [--first]; MODEL_FOLDER may be the run's own
Writes RUN_FOLDER/controlnet.pt every four minutes and goes on from it; controlnet.png shows edges of unseen scenes, what is drawn from
them with their captions, and with none. Half of the captions are left out, so that edges alone say enough.
"""
import argparse
import copy
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel

from autoencoder import to_pictures
from average import Average, mean_of
from captions import caption
from clock import Clock
from denoiser import loss_of, read
from export import pipeline
from half import Half
from muon import Muon
from pool import Pool
from scenes import Studio
from steps import Steps

# Of the embedding of edges: from 256 pixels to 16 latents.
WIDTHS = (8, 16, 24, 32, 48)


def edges(pixels: np.ndarray) -> np.ndarray:
    """[height, width, 3] u8 → the program's `preprocess canny` [height, width] of 0 and 1."""
    return cv2.Canny(pixels, 100, 200) // 255


def packed_edges(pixels: np.ndarray) -> np.ndarray:
    return np.packbits(edges(pixels), axis=-1)


def unpack(bits: torch.Tensor) -> torch.Tensor:
    """[n, height, width / 8] u8 → [n, 3, height, width] of 0 and 1."""
    shown = bits[..., None] >> torch.arange(7, -1, -1, device=bits.device, dtype=torch.uint8) & 1
    return shown.flatten(2).float()[:, None].expand(-1, 3, -1, -1)


class Model(torch.nn.Module):
    """A diffusers folder or a run, frozen."""

    def __init__(self, folder: Path):
        super().__init__()
        if (folder / "denoiser.pt").exists():
            parts = pipeline(folder)
            self.text, self.unet, self.vae, self.scheduler = parts.text_encoder, parts.unet, parts.vae, parts.scheduler
        else:
            self.text = CLIPTextModel.from_pretrained(folder / "text_encoder")
            self.unet = UNet2DConditionModel.from_pretrained(folder / "unet")
            self.vae = AutoencoderKL.from_pretrained(folder / "vae")
            self.scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        self.float().requires_grad_(False).eval()


def steered(model: Model, net: ControlNetModel, shown: torch.Tensor, strength=1.0):
    """The model under `net`, which sees `shown` [n, 3, height, width]."""

    def guess(x, t, ids, cells=None, ratio=None):
        told = read(model.text, ids.flatten(0, 1))
        skips, middle = net(x, t, told, shown.to(x.dtype), strength, return_dict=False)
        return model.unet(x, t, told, down_block_additional_residuals=skips, mid_block_additional_residual=middle).sample

    return guess


@torch.no_grad()
def sample(model: Model, net: ControlNetModel, pool: Pool, shown, prompts: list[str], strength=1.0, guidance=4.0, steps=20, seed=0):
    """DDIM with guidance; [prompt] u8 pictures."""
    plan, n = model.scheduler, len(prompts)
    plan.set_timesteps(steps)
    ids = torch.from_numpy(pool.tokens([""] * n + prompts)).long().to(pool.device)[:, None]
    guess = steered(model, net, torch.cat([shown, shown]), strength)
    x = torch.randn(n, model.unet.config.in_channels, shown.shape[2] // 16, shown.shape[3] // 16, generator=torch.Generator().manual_seed(seed)).to(pool.device)
    for t in plan.timesteps:
        plain, told = guess(torch.cat([x, x]), t, ids).chunk(2)
        x = plan.step(plain + guidance * (told - plain), t, x).prev_sample
    return to_pictures(model.vae.decode(x).sample)


def agreement(asked: np.ndarray, drawn: np.ndarray) -> float:
    """F1 of edges within two pixels of each other."""
    near = lambda e: cv2.dilate(e, np.ones((5, 5), np.uint8))
    found = (near(drawn) * asked).sum() / max(1, asked.sum())
    true = (near(asked) * drawn).sum() / max(1, drawn.sum())
    return 2 * found * true / max(1e-6, found + true)


def test(model: Model, net: ControlNetModel, pool: Pool, count: int, first: bool):
    """Agreement with captions, without, and without the ControlNet; the sheet of the first eight."""
    studio = Studio(pool.run, 60_000, first)
    scenes = [studio.scene(16, 16, 1 + k % 3, [7] if first else [5, 7, 11]) for k in range(count)]
    asked = [edges(scene.pixels) for scene in scenes]
    shown = torch.from_numpy(np.stack(asked)).to(pool.device, torch.float32)[:, None].expand(-1, 3, -1, -1)
    prompts = [caption(studio.random, scene) for scene in scenes]
    drawn = [sample(model, net, pool, shown, prompts), sample(model, net, pool, shown, [""] * count), sample(model, net, pool, shown, prompts, 0.0)]
    scores = [np.mean([agreement(a, edges(d)) for a, d in zip(asked, pictures)]) for pictures in drawn]
    rows = [[np.repeat(255 - 255 * a[..., None], 3, 2) for a in asked], *drawn]
    return scores, np.concatenate([np.concatenate(row[:8], 1) for row in rows])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("model", type=Path)
    p.add_argument("--first", action="store_true", help="scenes of what the first edition knew")
    p.add_argument("--minutes", type=float, default=60, help="of the whole stage")
    p.add_argument("--limit", type=float, help="minutes of this call")
    p.add_argument("--export", type=Path, help="diffusers folder to write at the end")
    p.add_argument("--rate", type=float, default=0.005)
    p.add_argument("--report", type=int, default=25, help="steps between two losses")
    p.add_argument("--test", type=int, default=48, help="scenes")
    p.add_argument("--eager", action="store_true", help="no CUDA graphs")
    p.add_argument("--scale", type=int, default=1, help="times as many scenes in a batch")
    p.add_argument("--workers", type=int, default=0, help="processes that draw scenes")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    device, file = a.device, a.run / "controlnet.pt"
    torch.set_num_threads(a.threads)
    torch.set_float32_matmul_precision("high")
    saved = torch.load(file, map_location="cpu") if file.exists() else None
    step = saved["step"] if saved else 0
    stage = "edges of the first" if a.first else "edges"
    pool = Pool(a.run, stage, 7000 + step, device, a.scale, a.workers, beside=packed_edges, tokenizer=a.model / "tokenizer", first=a.first)
    torch.manual_seed(step)
    model = Model(a.model).to(device, memory_format=torch.channels_last)
    net = ControlNetModel.from_unet(model.unet, conditioning_embedding_out_channels=WIDTHS).to(device, memory_format=torch.channels_last).requires_grad_(True)
    if saved:
        net.load_state_dict(saved["model"])
    zeros = [q for name, q in net.named_parameters() if name.startswith("controlnet_")]
    optimiser = Muon(net, a.rate, 1e-3, plain=zeros)
    if saved and "optimiser" in saved:
        optimiser.load_state_dict(saved["optimiser"])
    average = Average(net, optimiser.flat, saved["average"] if saved else None)
    half, frozen = Half(net, optimiser), copy.deepcopy(model).bfloat16()
    alphas = model.scheduler.alphas_cumprod.to(device)
    losses = torch.zeros((), device=device)

    def whole(k: int):
        one = pool.draw(k)
        loss = loss_of(steered(frozen, half.model, unpack(one.beside)), one, alphas)
        half.learn(loss)
        average.follow()
        losses.add_(loss.detach())

    clock = Clock(device, a.threads, a.minutes, saved["spent"] if saved else 0.0, a.limit)
    pool.begin()
    optimiser.k = 0.02
    steps = Steps.begun(whole, len(pool.canvases), device == "cuda" and not a.eager, pool.feed.close)
    last_save, first, said, done = time.time(), step, step, clock.done
    losses.zero_()
    while not done:
        optimiser.k = min(1, (step - first + 1) / 20) * (1 - 0.95 * clock.passed)
        steps(pool.choose())
        step += 1
        done = clock.done
        if done or step % a.report == 0:
            print(f"step {step}  {clock.spent:.2f} min  loss {losses.item() / (step - said):.4f}  scenes {pool.made}", flush=True)
            losses.zero_()
            said = step
        if done or time.time() - last_save > 240:
            last_save = time.time()
            live = mean_of(net)
            torch.save({"model": live, "average": average.mean, "optimiser": optimiser.state_dict(), "step": step, "spent": clock.spent}, file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)
            if done and a.export:
                break
            net.load_state_dict(average.mean)
            scores, sheet = test(model, net, pool, 8, a.first)
            Image.fromarray(sheet).save(a.run / "controlnet.png")
            print("edges met with captions {:.2f}, without {:.2f}, without ControlNet {:.2f}".format(*scores), flush=True)
            net.load_state_dict(live)
    pool.feed.close()
    if a.export:
        net.load_state_dict(average.mean)
        scores, sheet = test(model, net, pool, a.test, a.first)
        Image.fromarray(sheet).save(a.run / "controlnet.png")
        print(f"{a.test} unseen scenes: " + "edges met with captions {:.2f}, without {:.2f}, without ControlNet {:.2f}".format(*scores))
        net.half().save_pretrained(a.export)


if __name__ == "__main__":
    main()
