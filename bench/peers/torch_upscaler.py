"""RRDBNet on torch's CPU: seconds to enlarge a picture of SIDE², and the mean of what comes out, as one line of JSON.

    python torch_upscaler.py FILE SIDE THREADS
"""
import json
import sys
import time

import torch
from safetensors.torch import load_file
from torch.nn.functional import conv2d, interpolate, leaky_relu

path, side, threads = sys.argv[1], *map(int, sys.argv[2:4])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
weights = {name: tensor.float() for name, tensor in load_file(path).items()}
blocks = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("body."))


def conv(x, name):
    return conv2d(x, weights[name + ".weight"], weights[name + ".bias"], padding=1)


def dense(x, name):
    seen = [x]
    for k in range(1, 5):
        seen.append(leaky_relu(conv(torch.cat(seen, 1), f"{name}.conv{k}"), 0.2))
    return x + 0.2 * conv(torch.cat(seen, 1), f"{name}.conv5")


def enlarge(x):
    x = first = conv(x, "conv_first")
    for block in range(blocks):
        y = x
        for i in (1, 2, 3):
            y = dense(y, f"body.{block}.rdb{i}")
        x = x + 0.2 * y
    x = first + conv(x, "conv_body")
    for name in ("conv_up1", "conv_up2"):
        x = leaky_relu(conv(interpolate(x, scale_factor=2), name), 0.2)
    return conv(leaky_relu(conv(x, "conv_hr"), 0.2), "conv_last")


picture = torch.full((1, 3, side, side), 0.5)
seconds = []
for _ in range(3):
    started = time.perf_counter()
    large = enlarge(picture)
    seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": min(seconds), "mean": float(large.clamp(0, 1).mean() * 255)}))
