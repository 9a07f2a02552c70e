"""What torch's parts of the bench share: the device, f32 that is f32 (without TF32, whose products are rounded to 10 bits), waiting, rows.

`--small` rehearses on any machine; else one without CUDA says so and ends.
"""
import json
import sys

import torch

small = "--small" in sys.argv
device = "cuda" if torch.cuda.is_available() else "cpu"
if device == "cpu" and not small:
    sys.exit("torch sees no GPU")
torch.set_grad_enabled(False)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


def say(title: str, header: list[str], row: list[str]):
    """A row of a table, as rows.ts reads it."""
    print(json.dumps({"title": title, "header": header, "row": row}, ensure_ascii=False, separators=(",", ":")), flush=True)
