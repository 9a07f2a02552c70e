"""GGUF files and ggml's blocks as the package gguf has them, for tests/formats.

Run from the repository's root: python tests/oracle/gguf_files.py
"""

import base64
import json
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.quants import dequantize, quantize

OUT = pathlib.Path(__file__).parent.parent / "golden" / "formats"
WRITTEN = (Type.Q8_0, Type.Q5_1, Type.Q5_0, Type.Q4_1, Type.Q4_0)
READ = (Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K)


def numbers(rng):
    """Rows of ordinary weights, of zeros, of one value, of ties and of numbers near the ends of f16."""
    rows = [rng.standard_normal(64) * scale for scale in (0.02, 1, 300)]
    rows += [np.zeros(64), np.full(64, -0.25), np.tile([0.5, -0.5, 127, -127], 16), rng.standard_normal(64) * 1e-6]
    return np.array(rows, dtype=np.float32)


def random_blocks(rng, kind):
    """Any bits, with scales that are numbers."""
    count, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (6, size), dtype=np.uint8)
    scales = {Type.Q2_K: (80, 82), Type.Q3_K: (108,), Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,)}[kind]
    for at in scales:
        blocks[:, at : at + 2] = (rng.standard_normal((6, 1)) * 0.1).astype(np.float16).view(np.uint8)
    return blocks.reshape(2, 3 * size)


def encoded(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def main():
    rng = np.random.default_rng(5)
    x = numbers(rng)
    stored = {kind: quantize(x, kind) for kind in WRITTEN} | {kind: random_blocks(rng, kind) for kind in READ}
    cases = {kind.name: dict(bytes=encoded(raw), values=encoded(dequantize(raw, kind))) for kind, raw in stored.items()}
    (OUT / "blocks.json").write_text(json.dumps(dict(x=encoded(x), types=cases), indent=1) + "\n")

    writer = gguf.GGUFWriter(OUT / "types.gguf", "sdxl")
    writer.add_string("general.name", "blocks of every type")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c"])
    # ComfyUI-GGUF's way with convolutions
    writer.add_array("comfy.gguf.orig_shape.conv.weight", [7, 64, 1, 1])
    writer.add_tensor("conv.weight", stored[Type.Q8_0], raw_dtype=Type.Q8_0)
    for kind, raw in stored.items():
        writer.add_tensor(f"{kind.name}.weight", raw, raw_dtype=kind)
    writer.add_tensor("F32.weight", x)
    writer.add_tensor("F16.weight", x.astype(np.float16))
    writer.add_tensor("BF16.weight", quantize(x, Type.BF16), raw_dtype=Type.BF16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
