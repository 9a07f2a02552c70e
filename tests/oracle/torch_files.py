"""Write tests/golden/io/torch_*.{ckpt,pt}: small files of torch.save in both its formats, good and bad.

    python tests/oracle/torch_files.py
"""
import collections
import os
import zipfile

import torch

from common import GOLDEN

OUT = GOLDEN / "io"


class Evil:
    """Unpickling this runs a command, if the reader lets it."""

    def __reduce__(self):
        return os.system, ("echo executed",)


if __name__ == "__main__":
    table = torch.arange(6.0).reshape(2, 3)
    state = collections.OrderedDict(
        plain=table, turned=table.T, half=torch.tensor([1.0, -2.0]).half(), brain=torch.tensor([1.5, 2.5]).bfloat16(),
        count=torch.tensor(7), part=torch.arange(10.0)[3:5], parameter=torch.nn.Parameter(torch.ones(2)),
    )
    full = {"state_dict": state, "epoch": 3, "hyper": {"lr": 1e-4, "betas": (0.9, 0.999), "name": "é", "big": 2**40, "none": None}}
    # in a list: no weights, but storages of the file
    full["optimizer_states"] = [{"state": {0: {"exp_avg": torch.ones(3).double()}}}]
    torch.save(full, OUT / "torch_zip.ckpt")
    torch.save(full, OUT / "torch_legacy.ckpt", _use_new_zipfile_serialization=False)
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": table}, "name": "mine"}, OUT / "torch_inversion.pt")
    torch.save({"f8": torch.tensor([1.0, -2.0, 448.0]).to(torch.float8_e4m3fn)}, OUT / "torch_f8.pt")
    torch.save({"state_dict": state, "extra": Evil()}, OUT / "torch_evil.ckpt")
    torch.save({"extra": Evil()}, OUT / "torch_evil_legacy.ckpt", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(OUT / "torch_zip.ckpt") as source, zipfile.ZipFile(OUT / "torch_bomb.ckpt", "w") as bomb:
        for entry in source.namelist():
            bomb.writestr(entry, source.read(entry) + bytes(10**7 if entry.endswith("/0") else 0), zipfile.ZIP_DEFLATED, 9)
