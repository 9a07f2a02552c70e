"""torch on the same GPU: products, convolutions and attention of the sizes that kernels.ts has, as rows of JSON.

    python torch_kernels.py [--small]
"""
import time

import torch
from torch.nn import functional as F

from torch_gpu import device, say, small, wait


def best(run):
    run()
    wait()
    shortest = float("inf")
    for _ in range(3):
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < (0.01 if small else 0.05):
            for _ in range(1 if small else 10):
                run()
            wait()
            count += 1 if small else 10
        shortest = min(shortest, (time.perf_counter() - started) / count)
    return shortest


def matmul(m, k, n):
    return f"matmul {m}×{k}×{n}", 2 * m * k * n, [(m, k), (n, k)], lambda x, w: F.linear(x, w)


def convolution(c, side):
    flops = 2 * 9 * c * c * side * side
    return f"conv 3×3, {c} channels, {side}²", flops, [(1, c, side, side), (c, c, 3, 3)], lambda x, w: F.conv2d(x, w, padding=1)


def attention(heads, width, rows):
    shapes = [(1, heads, rows, width)] * 3
    return f"attention, {heads} heads of {width}, {rows}²", 4 * rows * rows * heads * width, shapes, F.scaled_dot_product_attention


CASES = [matmul(64, 64, 128), convolution(64, 16), attention(2, 40, 64)] if small else [
    matmul(8192, 320, 320), convolution(320, 64), attention(16, 40, 4096), matmul(2048, 1280, 1280), convolution(640, 32),
    attention(20, 64, 4096), matmul(4096, 4096, 4096), convolution(512, 128), attention(16, 160, 256), attention(1, 512, 4096),
]
HEADER = ["kernel", "type", "GFLOP/s", "torch"]
for name, flops, shapes, run in CASES:
    for dtype in (torch.float16, torch.float32):
        kind = "f16" if dtype == torch.float16 else "f32"
        try:
            operands = [torch.randn(shape, device=device, dtype=dtype) for shape in shapes]
            if name.startswith("conv"):
                operands = [x.to(memory_format=torch.channels_last) for x in operands]
            rate = flops / best(lambda: run(*operands)) / 1e9
            cells = [f"{rate:.0f}" if rate >= 10 else f"{rate:.2f}", f"{torch.__version__}, {device}"]
        except Exception as error:  # the others are still worth knowing
            cells = ["", str(error).splitlines()[0][:120]]
        say("Kernels, torch", HEADER, [name, kind, *cells])
