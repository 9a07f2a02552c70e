"""A model through diffusers on torch: seconds to load, of each step and to decode, as one line of JSON.

    python torch_model.py MODEL SIDE STEPS THREADS PUBLISHED [cuda]

PUBLISHED is tests/golden/io/published.json.gz, which has the configs. On CUDA in f16, else in f32.
"""
import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

path, (side, steps, threads), published = sys.argv[1], map(int, sys.argv[2:5]), sys.argv[5]
device = (sys.argv[6:] or ["cpu"])[0]
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
dtype = torch.float16 if device == "cuda" else torch.float32
family = Path(path).stem
configs = json.loads(gzip.open(published).read())[family]


def opened(kind, part):
    """A network out of the single file."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.json").write_text(json.dumps(configs[part]))
        return kind.from_single_file(path, config=folder, torch_dtype=dtype, local_files_only=True).to(device)


def timed(work):
    started = time.perf_counter()
    result = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started, result


load, (unet, vae) = timed(lambda: (opened(UNet2DConditionModel, "unet"), opened(AutoencoderKL, "vae")))
latents = torch.randn(1, 4, side // 8, side // 8, device=device, dtype=dtype)
context = torch.randn(1, 77, unet.config.cross_attention_dim, device=device, dtype=dtype)
added = {}
if family == "sdxl":
    added["added_cond_kwargs"] = {
        "text_embeds": torch.randn(1, 1280, device=device, dtype=dtype), "time_ids": torch.zeros(1, 6, device=device, dtype=dtype),
    }
once = [timed(lambda: unet(latents, 500, context, **added).sample)[0] for _ in range(steps)]
decode = min(timed(lambda: vae.decode(latents).sample)[0] for _ in range(1 if device == "cpu" else 3))
print(json.dumps({"load": load, "step": min(once), "decode": decode}))
