"""A run's trained state in little space, to carry it to another machine and back: running means in half precision, no optimiser's.

usage: state.py pack RUN_FOLDER FOLDER    writes FOLDER/{autoencoder,denoiser,judge,controlnet}.safetensors, 28 MiB
       state.py unpack FOLDER RUN_FOLDER  writes RUN_FOLDER/*.pt, from which every command goes on
"""
import argparse
import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
import torch

# Of each file, the weights to keep, and the names they go by when training goes on.
WEIGHTS = {"autoencoder": ("mean", ["model", "mean"]), "denoiser": ("average", ["model", "average"]), "judge": ("model", ["model"]),
           "controlnet": ("average", ["model", "average"])}
COUNTERS = ("step", "spent")


def pack(run: Path, folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (kept, _) in WEIGHTS.items():
        if not (run / f"{name}.pt").exists():
            continue
        saved = torch.load(run / f"{name}.pt", map_location="cpu")
        small = lambda v: v.half().contiguous() if v.is_floating_point() else v.contiguous()
        tensors = {k: small(v) for k, v in saved[kept].items()}
        # The encoder's matrix decides what a latent means: kept whole.
        tensors |= {f"analysis.{k}": v.float().contiguous() for k, v in enumerate(saved.get("analysis", ()))}
        save_file(tensors, folder / f"{name}.safetensors", {key: json.dumps(saved[key]) for key in COUNTERS})
        print(f"{name}: step {saved['step']}, {(folder / f'{name}.safetensors').stat().st_size / 2**20:.1f} MiB")


def unpack(folder: Path, run: Path, fresh: bool):
    for name, (_, names) in WEIGHTS.items():
        if not (folder / f"{name}.safetensors").exists():
            continue
        with safe_open(folder / f"{name}.safetensors", "pt") as file:
            tensors = {k: file.get_tensor(k) for k in file.keys()}
            saved = {key: json.loads(file.metadata()[key]) for key in COUNTERS}
        analysis = [tensors.pop(f"analysis.{k}") for k in range(2) if f"analysis.{k}" in tensors]
        weights = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
        saved |= {"analysis": tuple(analysis)} if analysis else {}
        if fresh:
            saved["spent"] = {} if name == "denoiser" else 0.0
        torch.save(saved | {n: weights for n in names}, run / f"{name}.pt")
        print(f"{name}: step {saved['step']}")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("direction", choices=["pack", "unpack"])
    p.add_argument("source", type=Path)
    p.add_argument("target", type=Path)
    p.add_argument("--fresh", action="store_true", help="as if no time had been spent: each stage gets its whole budget and a schedule of its own")
    a = p.parse_args()
    pack(a.source, a.target) if a.direction == "pack" else unpack(a.source, a.target, a.fresh)


if __name__ == "__main__":
    main()
