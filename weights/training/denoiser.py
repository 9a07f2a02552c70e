"""Trains the denoiser and its text encoder together on cached latents.

usage: denoiser.py RUN_FOLDER --modules node_modules --stage small --minutes 45, then --stage large
       python -m torch.distributed.run --nproc-per-node 2 denoiser.py …: one process a core with shared gradients, which waits
       less than two threads do on a busy machine
Writes RUN_FOLDER/denoiser.pt every four minutes and goes on from it; samples.png shows fixed prompts at seed 0.
Loss: v-prediction (Salimans and Ho, arXiv 2202.00512) with zero terminal SNR (Lin et al., arXiv 2305.08891).
"""
import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from autoencoder import LATENT, build as build_autoencoder, to_pictures, to_tensor
from captions import caption
from muon import Muon
from scenes import Scene, Studio

WIDTH = 128
# Latent cells in a batch, words read (CLIP pads to 77; fewer are faster where captions are short), and for each canvas of
# columns × rows cells its share of the steps and its scenes: (objects, sides in cells, share).
STAGES = {
    "small": (4096, 32, {(8, 8): (1.0, [(1, [7], 0.9), (2, [4], 0.1)])}),
    "large": (4096, 77, {
        (8, 8): (0.2, [(1, [7], 1.0)]), (16, 8): (0.1, [(2, [7], 1.0)]), (8, 16): (0.1, [(2, [7], 1.0)]),
        (24, 16): (0.1, [(2, [7], 0.3), (3, [7], 0.7)]), (16, 16): (0.5, [(1, [7], 0.4), (2, [7], 0.2), (3, [7], 0.2), (4, [7], 0.2)])}),
}
PROMPTS = ["a red apple", "a cat", "a banana on a blue background", "a fox in the snow", "a blue car", "a watermelon on a black background",
           "a pizza on a table", "a penguin on a pink background", "a dog on the left and a pear on the right",
           "a green cat and a banana", "a rocket under the stars", "a purple tree on the grass"]


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
        # Words that are far apart from the start are told apart sooner.
        for m in self.text.modules():
            if isinstance(m, torch.nn.Embedding):
                torch.nn.init.normal_(m.weight, 0, 0.5 if m.num_embeddings > 77 else 0.2)

    def forward(self, x, t, ids):
        return self.unet(x, t, self.text(ids).last_hidden_state).sample


def scheduler() -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction",
        rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True)


def load_autoencoder(run: Path, device):
    model = build_autoencoder().to(device).eval()
    model.load_state_dict(torch.load(run / "autoencoder.pt", map_location=device)["mean"])
    return model


class Pool:
    """For each canvas, latents of scenes with their captions' ids; grows while training and then replaces the oldest."""

    def __init__(self, run: Path, modules: Path, stage: str, seed: int, device, capacity=24000):
        self.cells, self.words, self.canvases = STAGES[stage]
        self.tokenizer = CLIPTokenizer.from_pretrained(run / "tokenizer")
        self.autoencoder, self.studio, self.device = load_autoencoder(run, device), Studio(modules, seed), device
        self.scenes, self.capacity, self.next = {c: [] for c in self.canvases}, capacity, dict.fromkeys(self.canvases, 0)
        self.empty = self.encode([""])[0]

    def encode(self, texts: list[str]) -> torch.Tensor:
        return self.tokenizer(texts, padding="max_length", truncation=True, max_length=self.words, return_tensors="pt").input_ids

    def batch(self, canvas: tuple[int, int]) -> int:
        return self.cells // (canvas[0] * canvas[1])

    def choose(self) -> tuple[int, int]:
        """A canvas (columns, rows) by its share of the steps."""
        return self.studio.random.choices(list(self.canvases), [share for share, _ in self.canvases.values()])[0]

    @torch.no_grad()
    def fill(self, canvas: tuple[int, int], count: int):
        r, kinds, have = self.studio.random, self.canvases[canvas][1], self.scenes[canvas]
        scenes = [self.studio.scene(*canvas, *r.choices(kinds, [k[2] for k in kinds])[0][:2]) for _ in range(count)]
        z = self.autoencoder.encode(to_tensor([s.pixels for s in scenes], self.device)).latent_dist.mode()
        for one in zip(z, self.encode([caption(r, s) for s in scenes])):
            if len(have) < self.capacity:
                have.append(one)
            else:
                have[self.next[canvas]] = one
                self.next[canvas] = (self.next[canvas] + 1) % self.capacity

    def draw(self, canvas: tuple[int, int]):
        """Latents [batch, …] and ids; one caption in ten is empty, for guidance."""
        count = self.batch(canvas)
        self.fill(canvas, max(1, count // 8) if len(self.scenes[canvas]) >= 16 * count else count)
        picks = [self.scenes[canvas][i] for i in np.random.randint(0, len(self.scenes[canvas]), count)]
        ids = [self.empty if np.random.rand() < 0.1 else words for _, words in picks]
        return torch.stack([z for z, _ in picks]), torch.stack(ids).to(self.device)


@torch.no_grad()
def sample(model: Model, pool: Pool, mean, spread, prompts: list[str], columns: int, rows: int, guidance=4.0, steps=20, seed=0):
    """DDIM with guidance; [prompt] u8 pictures."""
    device, plan = pool.device, scheduler()
    plan.set_timesteps(steps)
    words = model.text(torch.cat([pool.encode([""] * len(prompts)), pool.encode(prompts)]).to(device)).last_hidden_state
    x = torch.randn(len(prompts), LATENT, rows, columns, generator=torch.Generator().manual_seed(seed)).to(device)
    for t in plan.timesteps:
        plain, told = model.unet(torch.cat([x, x]), t, words).sample.chunk(2)
        x = plan.step(plain + guidance * (told - plain), t, x).prev_sample
    return to_pictures(pool.autoencoder.decode(x * spread + mean).sample)


def share(model: Model, passed: float) -> float:
    """Averages the gradients and `passed` over all processes; returns the latter, so that all stop at the same step."""
    params = [q for q in model.parameters() if q.grad is not None]
    flat = torch.cat([q.grad.flatten() for q in params] + [torch.tensor([passed], device=params[0].device)])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for q, g in zip(params, flat[:-1].split([q.numel() for q in params])):
        q.grad = g.view_as(q)
    return flat[-1].item()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--modules", type=Path, default=Path("node_modules"))
    p.add_argument("--stage", choices=list(STAGES), required=True)
    p.add_argument("--minutes", type=float, default=45)
    p.add_argument("--rates", type=float, nargs=2, default=(1.0, 0.3), help="learning rate at the start and the end, as factors")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(a.threads)
    rank, shared = int(os.environ.get("RANK", 0)), "WORLD_SIZE" in os.environ
    if shared:
        torch.distributed.init_process_group("gloo")
    file = a.run / "denoiser.pt"
    saved = torch.load(file, map_location=device) if file.exists() else None
    step = saved["step"] if saved else 0
    torch.manual_seed(step)
    pool = Pool(a.run, a.modules, a.stage, 1000 + 2 * step + rank, device)
    model = Model(len(pool.tokenizer)).to(device, memory_format=torch.channels_last)
    optimiser = Muon(model, 0.02, 2e-3)
    if saved:
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
    average = {k: v.detach().clone() for k, v in (saved["average"] if saved else model.state_dict()).items()}
    torch.manual_seed(2 * step + rank)
    np.random.seed(2 * step + rank)
    if saved:
        mean, spread = saved["mean"], saved["spread"]
    else:
        pool.fill((8, 8), 1000)
        z = torch.stack([z for z, _ in pool.scenes[8, 8]])
        mean = z.mean((0, 2, 3)).view(1, -1, 1, 1)
        spread = (z - mean).std((0, 2, 3)).view(1, -1, 1, 1)
    print(f"{sum(q.numel() for q in model.parameters()) / 1e6:.1f} M parameters, latents ×{(1 / spread).mean():.3f}", flush=True)
    alphas = scheduler().alphas_cumprod.to(device)
    start, last_save, first, losses, done, passed = time.time(), time.time(), step, [], False, 0.0
    while not done:
        optimiser.k = min(1, (step - first + 1) / 40) * (a.rates[0] + (a.rates[1] - a.rates[0]) * min(1, passed))
        z, ids = pool.draw(pool.choose())
        x, batch = (z - mean) / spread, len(z)
        # A little more of the noisy end, where the words decide what there is.
        t = (1000 * torch.rand(batch, device=device) ** 0.75).long().clamp(max=999)
        alpha = alphas[t].view(-1, 1, 1, 1)
        noise = torch.randn_like(x)
        guess = model((alpha.sqrt() * x + (1 - alpha).sqrt() * noise).contiguous(memory_format=torch.channels_last), t, ids)
        loss = (guess - alpha.sqrt() * noise + (1 - alpha).sqrt() * x).square().mean()
        loss.backward()
        passed = (time.time() - start) / 60 / a.minutes
        passed = share(model, passed) if shared else passed
        done = passed >= 1
        optimiser.step()
        step += 1
        losses.append(loss.item())
        with torch.no_grad():
            # A new run, maybe of another stage, leaves the old mean behind within its first hundred steps.
            keep = min(0.995, (step - first) / (step - first + 10))
            for k, v in model.state_dict().items():
                average[k].lerp_(v, 1 - keep) if v.is_floating_point() else None
        if step % 50 == 0 and rank == 0:
            print(f"step {step}  {time.time() - start:.0f} s  loss {np.mean(losses[-50:]):.4f}  scenes {sum(map(len, pool.scenes.values()))}", flush=True)
        if rank == 0 and (done or time.time() - last_save > 240):
            last_save = time.time()
            live = {k: v.clone() for k, v in model.state_dict().items()}
            torch.save({"model": live, "average": average, "optimiser": optimiser.state_dict(), "step": step, "mean": mean, "spread": spread}, file)
            model.load_state_dict(average)
            pictures = sample(model, pool, mean, spread, PROMPTS, *list(pool.canvases)[-1])
            Image.fromarray(np.concatenate([np.concatenate(pictures[k:k + 4], 1) for k in range(0, len(pictures), 4)])).save(a.run / "samples.png")
            model.load_state_dict(live)


if __name__ == "__main__":
    main()
