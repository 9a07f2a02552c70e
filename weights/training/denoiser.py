"""Trains the denoiser and its text encoder together on latents made while training.

usage: denoiser.py RUN_FOLDER --stage small --minutes 120 [--limit 8], then --stage large
Writes RUN_FOLDER/denoiser.pt every --save seconds and goes on from it until the stage's --minutes are spent; samples.png shows fixed
prompts at seed 0. Loss: v-prediction (Salimans and Ho, arXiv 2202.00512) with zero terminal SNR (Lin et al., arXiv 2305.08891).
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from autoencoder import LATENT, build as build_autoencoder, to_pictures
from average import Average, mean_of
from clock import Clock
from half import Half
from inherit import inherit
from muon import Muon
from pool import STAGES, Batch, Pool
from regions import RegionalAttention
from steps import Steps

WIDTH = 128
PROMPTS = ["a red apple", "a cat", "a banana on a blue background", "a fox in the snow", "a blue car", "a girl in a red dress",
           "a robot in a room", "a penguin on a pink background", "a flat illustration of a horse", "a green cat and a banana",
           "a rocket under the stars", "a purple tree on the grass", "a chef", "a line drawing of a dog", "an elephant in the desert",
           "a woman in a blue dress"]


def read(text: CLIPTextModel, ids: torch.Tensor) -> torch.Tensor:
    """The text encoder's last hidden states [n, words, width] of ids [n, words], as its own forward has them; that one makes a mask on the
    CPU at every call, for which a CUDA graph cannot wait."""
    x = text.embeddings.token_embedding(ids) + text.embeddings.position_embedding.weight[:ids.shape[1]]
    for layer in text.encoder.layers:
        at, h = layer.self_attn, layer.layer_norm1(x)
        q, k, v = (of(h).unflatten(2, (at.num_heads, -1)).transpose(1, 2) for of in (at.q_proj, at.k_proj, at.v_proj))
        x = x + at.out_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        h = layer.mlp.fc1(layer.layer_norm2(x))
        x = x + layer.mlp.fc2(h * torch.sigmoid(1.702 * h))
    return text.final_layer_norm(x)


class Model(torch.nn.Module):
    """UNet and text encoder as one module with one optimiser."""

    def __init__(self, vocabulary: int):
        super().__init__()
        self.text = CLIPTextModel(CLIPTextConfig(
            vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1))
        self.unet = UNet2DConditionModel(
            sample_size=16, in_channels=LATENT, out_channels=LATENT, layers_per_block=1, block_out_channels=(64, 128, 128),
            down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=WIDTH,
            attention_head_dim=(2, 4, 4), norm_num_groups=16, use_linear_projection=True)
        self.unet.set_attn_processor(RegionalAttention())
        # Words that are far apart from the start are told apart sooner.
        for m in self.text.modules():
            if isinstance(m, torch.nn.Embedding):
                torch.nn.init.normal_(m.weight, 0, 0.5 if m.num_embeddings > 77 else 0.2)

    def forward(self, x, t, ids, cells=None, ratio=None):
        """v of noisy latents x at steps t for ids [n, texts, words]; with regions' cells, ratio [n] is the whole prompt's share."""
        n, texts, words = ids.shape
        told = read(self.text, ids.flatten(0, 1)).view(n, texts * words, WIDTH)
        if cells is None:
            return self.unet(x, t, told).sample
        return self.unet(x, t, told, cross_attention_kwargs={"cells": cells, "ratio": ratio, "words": words}).sample


def scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction",
        rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True)


def load_autoencoder(run: Path, device):
    model = build_autoencoder().to(device).eval()
    model.load_state_dict(torch.load(run / "autoencoder.pt", map_location=device)["mean"])
    return model


@torch.no_grad()
def sample(model: Model, pool: Pool, prompts: list[str], columns: int, rows: int, guidance=4.0, steps=20, seed=0):
    """DDIM with guidance; [prompt] u8 pictures."""
    device, plan = pool.device, scheduler()
    plan.set_timesteps(steps)
    ids = torch.from_numpy(pool.tokens([""] * len(prompts) + prompts)).long().to(device)[:, None]
    x = torch.randn(len(prompts), LATENT, rows, columns, generator=torch.Generator().manual_seed(seed)).to(device)
    for t in plan.timesteps:
        plain, told = model(torch.cat([x, x]), t, ids).chunk(2)
        x = plan.step(plain + guidance * (told - plain), t, x).prev_sample
    return to_pictures(load_autoencoder(pool.run, device).decode(x).sample)


def loss_of(model, one: Batch, alphas: torch.Tensor, dtype=torch.bfloat16) -> torch.Tensor:
    """Squared error of v at random steps: a little more of the noisy end, where the words decide what there is. `dtype` is the model's."""
    x, batch = one.latents, len(one.latents)
    t = (1000 * torch.rand(batch, device=x.device) ** 0.75).long().clamp(max=999)
    alpha = alphas[t].view(-1, 1, 1, 1)
    noise = torch.randn_like(x)
    # One in five each reads regions alone and the whole prompt alone.
    ratio = ((torch.rand(batch, device=x.device) - 0.2) / 0.6).clamp(0, 1)
    noisy = (alpha.sqrt() * x + (1 - alpha).sqrt() * noise).contiguous(memory_format=torch.channels_last)
    guess = model(noisy.to(dtype), t, one.ids, one.cells, ratio)
    return (guess.float() - alpha.sqrt() * noise + (1 - alpha).sqrt() * x).square().mean()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--stage", choices=list(STAGES), required=True)
    p.add_argument("--minutes", type=float, default=120, help="of the whole stage")
    p.add_argument("--limit", type=float, help="minutes of this call")
    p.add_argument("--rates", type=float, nargs=2, default=(1.0, 0.3), help="learning rate at the start and the end, as factors")
    p.add_argument("--inherit", type=Path, help="an earlier edition's folder to start from")
    p.add_argument("--keep", type=float, default=0.998, help="of the running mean at each step")
    p.add_argument("--eager", action="store_true", help="no CUDA graphs")
    p.add_argument("--scale", type=int, default=1, help="times as many scenes in a batch")
    p.add_argument("--workers", type=int, default=0, help="processes that draw scenes")
    p.add_argument("--save", type=float, default=240, help="seconds between two savings")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    device = a.device
    torch.set_num_threads(a.threads)
    torch.set_float32_matmul_precision("high")
    file = a.run / "denoiser.pt"
    saved = torch.load(file, map_location="cpu") if file.exists() else None
    step = saved["step"] if saved else 0
    pool = Pool(a.run, a.stage, 1000 + 2 * step, device, a.scale, a.workers)
    torch.manual_seed(2 * step)
    model = Model(len(pool.tokens.tokenizer))
    if saved:
        model.load_state_dict(saved["model"])
    elif a.inherit:
        inherit(model, pool.tokens.tokenizer, a.inherit)
    model.to(device, memory_format=torch.channels_last)
    optimiser = Muon(model, 0.02, 2e-3)
    if saved and "optimiser" in saved:
        optimiser.load_state_dict(saved["optimiser"])
    average = Average(model, optimiser.flat, saved["average"] if saved else None, a.keep)
    half = Half(model, optimiser)
    print(f"{sum(q.numel() for q in model.parameters()) / 1e6:.1f} M parameters, step {step}", flush=True)
    alphas = scheduler().alphas_cumprod.to(device)
    losses = torch.zeros((), device=device)

    def whole(k: int):
        loss = loss_of(half.model, pool.draw(k), alphas)
        half.learn(loss)
        average.follow()
        losses.add_(loss.detach())

    spent = dict(saved["spent"]) if saved else {}
    clock = Clock(device, a.threads, a.minutes, spent.get(a.stage, 0.0), a.limit)
    pool.begin()
    optimiser.k = 0.02 * a.rates[0]
    steps = Steps.begun(whole, len(pool.canvases), device == "cuda" and not a.eager, pool.feed.close)
    print(f"{clock.spent - spent.get(a.stage, 0.0):.2f} min to begin, {pool.made} scenes", flush=True)
    last_save = last_sheet = last_word = time.time()
    first, said, done = step, step, clock.done
    losses.zero_()
    while not done:
        optimiser.k = min(1, (step - first + 1) / 100) * (a.rates[0] + (a.rates[1] - a.rates[0]) * clock.passed)
        steps(pool.choose())
        step += 1
        done = clock.done
        if done or step % 10 == 0 and time.time() - last_word > 15:
            last_word = time.time()
            print(f"step {step}  {clock.spent:.2f} min  loss {losses.item() / (step - said):.4f}  scenes {pool.made}", flush=True)
            losses.zero_()
            said = step
        if done or time.time() - last_save > a.save:
            last_save = time.time()
            if not average.own.isfinite().all():
                raise SystemExit("the weights are no longer finite: what was saved before is kept")
            live = mean_of(model)
            spent[a.stage] = clock.spent
            torch.save({"model": live, "average": average.mean, "optimiser": optimiser.state_dict(), "step": step, "spent": spent}, file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)
            if not done and (a.save < 240 or time.time() - last_sheet < 240):
                continue
            last_sheet = time.time()
            model.load_state_dict(average.mean)
            pictures = sample(model, pool, PROMPTS, 16, 16)
            Image.fromarray(np.concatenate([np.concatenate(pictures[k:k + 4], 1) for k in range(0, len(pictures), 4)])).save(a.run / "samples.png")
            model.load_state_dict(live)
    pool.feed.close()


if __name__ == "__main__":
    main()
