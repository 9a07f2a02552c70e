"""Places, seeds and files that every oracle script shares."""
import json
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MODELS = GOLDEN / "models"

diffusers.utils.logging.set_verbosity_error()
transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
torch.set_num_threads(2)
torch.set_grad_enabled(False)


def generator(seed):
    """A torch CPU generator: the noise that `--rng cpu` must give bit for bit."""
    return torch.Generator("cpu").manual_seed(seed)


def save_tensors(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(path))
    path.chmod(0o644)


def save_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
