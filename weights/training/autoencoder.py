"""The 16× autoencoder: a fixed linear encoder (see linear_start.py) and a decoder trained on scenes of 128² and 256² pixels.

The latents are settled before any training, so the denoiser can learn while the decoder still sharpens.

usage: autoencoder.py RUN_FOLDER --minutes 120 [--limit 8]
       autoencoder.py RUN_FOLDER --minutes 60 --first FOLDER --alone: a decoder of twice the size for the first edition's own latents
Writes RUN_FOLDER/autoencoder.pt every --save seconds and goes on from it until all of --minutes are spent; --limit ends this call earlier.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel, CLIPTokenizer

from adversary import Adversary
from average import Average, mean_of
from captions import caption
from clock import Clock
from feed import Feed
from half import Half
from linear_start import PATCH, start_linear
from muon import Muon
from scenes import Studio

LEVELS = (32, 32, 64, 128, 128)
LATENT = 16
# Canvases of columns × rows cells with their scenes (objects, sides) and shares: most are small, and some are large, so
# that no size of picture is strange to GroupNorm.
CANVASES = [
    (8, 8, 1, [5, 7], 2), (8, 8, 1, [7], 2), (8, 8, 2, [4], 2), (8, 8, 1, [11, 14], 2), (8, 8, 2, [5, 11], 2),
    (16, 16, 1, [7, 11, 14], 1.25), (16, 16, 4, [5, 7], 1.25), (16, 8, 2, [5, 7], 1.25), (8, 16, 2, [5, 7], 1.25)]
# What the first edition draws: things of one size.
FIRST = [(8, 8, 1, [7], 3), (16, 16, 1, [7], 1), (16, 16, 3, [7], 1.5), (16, 8, 2, [7], 0.75), (8, 16, 2, [7], 0.75)]
TEST = [(16, 16, 1, [11]), (16, 16, 2, [7]), (16, 16, 3, [5, 7]), (16, 16, 4, [7])]


def build(latent: int = LATENT) -> AutoencoderKL:
    levels = len(LEVELS)
    model = AutoencoderKL(
        in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels, block_out_channels=LEVELS, layers_per_block=1,
        latent_channels=latent, norm_num_groups=1, sample_size=256, mid_block_add_attention=False, scaling_factor=1.0)
    silence_variance(model)
    return model


@torch.no_grad()
def silence_variance(model: AutoencoderKL):
    """The log-variance half of the encoder's output is a constant −12: sampling the latent gives its mean."""
    latent = model.config.latent_channels
    model.quant_conv.weight[latent:] = 0
    model.quant_conv.bias[latent:] = -12


def encode(saved: dict, x: torch.Tensor) -> torch.Tensor:
    """Latents of pictures [n, 3, h, w] as the one matrix that the encoder is: within 0.02 of the network's, at a hundredth of its cost."""
    weight, bias = (part.to(x.device) for part in saved["analysis"])
    return F.conv2d(x, weight.view(-1, 3, PATCH, PATCH), bias, stride=PATCH)


def to_tensor(pictures: list[np.ndarray], device) -> torch.Tensor:
    """u8 pictures [h, w, 3] → [n, 3, h, w] in −1…1."""
    x = torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
    return x.contiguous()


def to_pictures(x: torch.Tensor) -> list[np.ndarray]:
    x = ((x.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return list(x)


def edges(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def loss_of(x, y):
    return (x - y).abs().mean() + 0.5 * sum((a - b).abs().mean() for a, b in zip(edges(x), edges(y)))


class Shot:
    """A scene of canvas k, and its caption."""

    def __init__(self, canvases: list[tuple]):
        self.canvases = canvases

    def __call__(self, studio: Studio, k: int) -> tuple[np.ndarray, str]:
        scene = studio.scene(*self.canvases[k][:4])
        return scene.pixels, caption(studio.random, scene)


class Pictures:
    """The latest scenes of each canvas as u8, each to be seen about `reuse` times."""

    def __init__(self, feed: Feed, canvases: list[tuple], size: int, reuse: int, capacity=3000):
        self.feed, self.canvases, self.size, self.reuse, self.capacity = feed, canvases, size, reuse, capacity
        self.have = [[] for _ in canvases]

    def fill(self, count: int, wait=False):
        for k, some in self.feed.take(count, wait):
            self.have[k] = self.have[k][len(some) - self.capacity:] + some

    def draw(self) -> list[tuple[np.ndarray, str]]:
        """`size` pictures of 128 × 128, or as many pixels in fewer of another canvas."""
        k = self.feed.choose()
        count = max(1, self.size * 64 // (self.canvases[k][0] * self.canvases[k][1]))
        self.fill(max(1, count // self.reuse))
        while len(self.have[k]) < count:
            self.fill(count, wait=True)
        return self.feed.studio.random.choices(self.have[k], k=count)


class Denoiser:
    """A diffusers folder's, or a run's: latents as it leaves them, for a decoder that makes the best of those."""

    def __init__(self, folder: Path, device):
        if (folder / "denoiser.pt").exists():
            from denoiser import Model, scheduler
            self.tokenizer, plan = CLIPTokenizer.from_pretrained(folder / "tokenizer"), scheduler()
            model = Model(len(self.tokenizer))
            model.load_state_dict(torch.load(folder / "denoiser.pt", map_location="cpu")["average"])
            self.text, self.unet = model.text, model.unet
        else:
            self.text = CLIPTextModel.from_pretrained(folder / "text_encoder")
            self.unet = UNet2DConditionModel.from_pretrained(folder / "unet")
            self.tokenizer, plan = CLIPTokenizer.from_pretrained(folder / "tokenizer"), DDIMScheduler.from_pretrained(folder / "scheduler")
        self.text.to(device, torch.bfloat16)
        self.unet.to(device, torch.bfloat16, memory_format=torch.channels_last)
        self.alphas = plan.alphas_cumprod.to(device)

    @torch.no_grad()
    def guess(self, z, texts: list[str]):
        """What it takes z [n, c, h, w] for under noise of a random step, knowing the captions."""
        ids = self.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids.to(z.device)
        t = (600 * torch.rand(len(z), device=z.device)).long()
        keep, blur = (a.sqrt().view(-1, 1, 1, 1) for a in (self.alphas[t], 1 - self.alphas[t]))
        noisy = (keep * z + blur * torch.randn_like(z)).contiguous(memory_format=torch.channels_last)
        v = self.unet(noisy.bfloat16(), t, self.text(ids).last_hidden_state).sample
        return keep * noisy - blur * v.float()


@torch.no_grad()
def psnr(model, saved, scenes: list[np.ndarray], device) -> tuple[float, list]:
    """Of 256² scenes never trained on; their copies."""
    made = torch.cat([model.decode(encode(saved, to_tensor([s], device))).sample.clamp(-1, 1) for s in scenes])
    x = to_tensor(scenes, device)
    return (10 * torch.log10(4 / (x - made).square().mean((1, 2, 3)))).mean().item(), to_pictures(made)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run", type=Path)
    p.add_argument("--minutes", type=float, default=120)
    p.add_argument("--limit", type=float)
    p.add_argument("--batch", type=int, default=8, help="pictures of 128 x 128 in a step")
    p.add_argument("--rate", type=float, default=0.01)
    p.add_argument("--adversary", type=float, default=0, help="weight of the patch discriminator, for the end")
    p.add_argument("--first", type=Path, help="autoencoder of a diffusers folder, for these pictures or their halves, whose latents are to lead")
    p.add_argument("--alone", action="store_true", help="no latents but those, and scenes of what the first edition knew")
    p.add_argument("--denoiser", type=Path, help="diffusers folder, or run folder, whose denoiser's latents every other step is trained on")
    p.add_argument("--inherit", type=Path, help="autoencoder.pt of a run with more latents, whose decoder is the start")
    p.add_argument("--export", type=Path, help="diffusers folder to write at the end, in half precision")
    p.add_argument("--reuse", type=int, default=3, help="how often a picture is seen")
    p.add_argument("--workers", type=int, default=0, help="processes that draw scenes")
    p.add_argument("--save", type=float, default=180, help="seconds between two savings")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    if a.alone and not a.first:
        p.error("--alone needs the latents of --first")
    device = a.device
    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    file = a.run / "autoencoder.pt"
    given = AutoencoderKL.from_pretrained(a.first).eval() if a.first else None
    latent = given.config.latent_channels if a.alone else LATENT
    canvases = FIRST if a.alone else CANVASES
    model, step = build(latent), 0
    if file.exists():
        saved = torch.load(file, map_location="cpu")
        model.load_state_dict(saved["model"])
        step = saved["step"]
        torch.manual_seed(step)
    feed = Feed(a.run, 100 + step, Shot(canvases), [kind[4] for kind in canvases], a.workers, a.alone)
    test = Studio(a.run, 999, a.alone)
    kinds = FIRST[1:3] * 2 if a.alone else TEST
    unseen = [test.scene(*kinds[k % 4][:4], allow_held_out=True).pixels for k in range(16)]
    if not step:
        first = None
        if given:
            shrink = PATCH // 2 ** (len(given.config.block_out_channels) - 1)
            first = lambda x: given.encode(F.avg_pool2d(x, shrink)).latent_dist.mean
        studio, shot = Studio(a.run, 99), Shot(CANVASES)
        pictures = [shot(studio, k % 5)[0] for k in range(800)]
        saved = {"analysis": start_linear(model, to_tensor(pictures, "cpu"), latent, first), "spent": 0.0}
        silence_variance(model)
        if a.inherit:
            decoder = {k[8:]: v for k, v in torch.load(a.inherit, map_location="cpu")["mean"].items() if k.startswith("decoder.")}
            model.decoder.load_state_dict(decoder | {"conv_in.weight": decoder["conv_in.weight"][:, :latent]})
        saved |= {"model": model.state_dict(), "mean": model.state_dict(), "step": 0}
        torch.save(saved, file)
        print(f"linear start: {psnr(model, saved, unseen, 'cpu')[0]:.2f} dB", flush=True)
    for q in (*model.encoder.parameters(), *model.quant_conv.parameters()):
        q.requires_grad_(False)
    model = model.to(device, memory_format=torch.channels_last)
    optimiser = Muon(model, a.rate, 1e-3, plain=(model.decoder.conv_in.weight, model.decoder.conv_out.weight))
    if "optimiser" in saved:
        optimiser.load_state_dict(saved["optimiser"])
    adversary = Adversary(saved.get("adversary"), device) if a.adversary else None
    denoiser = Denoiser(a.denoiser, device) if a.denoiser else None
    half = Half(model, optimiser)
    average = Average(model, optimiser.flat, saved["mean"])
    mean = average.mean
    pool = Pictures(feed, canvases, a.batch, a.reuse)
    clock = Clock(device, a.threads, a.minutes, saved["spent"], a.limit)
    last_save, last_word, first, losses = time.time(), time.time(), step, []
    done = False
    while not done:
        done = clock.done
        optimiser.k = min(1, (step - first + 1) / 20) * max(0.02, min(1, 1.4 * (1 - clock.passed)))
        pixels, texts = zip(*pool.draw())
        x = to_tensor(pixels, device)
        z = encode(saved, x)
        if denoiser and step % 2:
            z = denoiser.guess(z, list(texts))
        # As much noise as a denoiser may leave.
        z = z + 0.2 * torch.rand(len(z), 1, 1, 1, device=device) * torch.randn_like(z)
        y = half.model.decode(z.bfloat16().contiguous(memory_format=torch.channels_last)).sample.float()
        loss = loss_of(x, y)
        if adversary:
            loss = loss + a.adversary * adversary.blame(x, y)
        half.learn(loss)
        step += 1
        losses.append((x - y).detach().square().mean())
        average.follow()
        if step % 10 == 0 and time.time() - last_word > 15:
            last_word = time.time()
            print(f"step {step}  {clock.spent:.2f} min  mse {torch.stack(losses[-100:]).mean().item():.4f}", flush=True)
            losses = []
        if done or time.time() - last_save > a.save:
            last_save = time.time()
            live = mean_of(model)
            model.load_state_dict(mean)
            ratio, made = psnr(model, saved, unseen, device)
            rows = [np.concatenate(part[k:k + 4], 1) for k in (0, 4) for part in (unseen, made)]
            Image.fromarray(np.concatenate(rows)).save(a.run / "autoencoder.png")
            model.load_state_dict(live)
            saved |= {"model": live, "mean": mean, "optimiser": optimiser.state_dict(), "step": step, "spent": clock.spent}
            saved |= {"adversary": adversary.state_dict()} if adversary else {}
            torch.save(saved, file.with_suffix(".new"))
            file.with_suffix(".new").replace(file)
            print(f"step {step}  {clock.spent:.1f} min  PSNR of the running mean {ratio:.2f} dB", flush=True)
    feed.close()
    if a.export:
        model.load_state_dict(mean)
        model.register_to_config(force_upcast=False)
        model.half().save_pretrained(a.export)


if __name__ == "__main__":
    main()
