"""Places, seeds and files that every oracle script shares."""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MODELS = GOLDEN / "models"

torch.set_num_threads(2)
torch.set_grad_enabled(False)


def generator(seed):
    """A torch CPU generator: the noise that `--rng cpu` must give bit for bit."""
    return torch.Generator("cpu").manual_seed(seed)


def save_tensors(path, tensors):
    """Write named tensors as f32 (integers as they are), which is what the TypeScript tests read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {k: (v if v.dtype == torch.int64 else v.float()).contiguous() for k, v in tensors.items()}
    save_file(plain, str(path))


def save_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
