"""Write tests/golden/io/controlnets.json.gz: ControlNets of the published sizes under the original names, and what diffusers makes of them.

    python tests/oracle/controlnets.py

The way back, from the original names to diffusers', is diffusers' own conversion code, which must give the network's own state; it does
not know SDXL's sizes (label_emb), which are named as in a UNet.
"""
import json
import re

import torch
from diffusers import ControlNetModel
from diffusers.loaders import single_file_utils as judge

from common import GOLDEN
from single_files import FULL, unet_to_ldm, write_gz

SMALL = {"down_block_types": ["DownBlock2D"] * 3, "mid_block_type": "UNetMidBlock2D"}


def to_ldm(name, config):
    if match := re.match(r"controlnet_down_blocks\.(\d+)\.(.*)", name):
        return f"zero_convs.{match[1]}.0.{match[2]}"
    if name.startswith("controlnet_mid_block."):
        return name.replace("controlnet_mid_block", "middle_block_out.0")
    if match := re.match(r"controlnet_cond_embedding\.(conv_in|conv_out|blocks\.(\d+))\.(.*)", name):
        place = {"conv_in": 0, "conv_out": 14}.get(match[1], 2 + 2 * int(match[2] or 0))
        return f"input_hint_block.{place}.{match[3]}"
    return unet_to_ldm(name, config)


def golden(family, **more):
    config = {k: v for k, v in FULL[family]["unet"].items() if k != "up_block_types"} | more
    with torch.device("meta"):
        net = ControlNetModel(**config)
    state = net.state_dict()
    file = {to_ldm(name, config): name for name in state}
    judged = judge.convert_controlnet_checkpoint(
        {f"control_model.{old}": state[name] for old, name in file.items()}, {"layers_per_block": 2, **config}
    )
    own = {name: v for name, v in state.items() if not name.startswith("add_embedding.")}
    judged = {name: v for name, v in judged.items() if v is not None}
    assert set(judged) == set(own), set(judged) ^ set(own)
    assert all(judged[name] is own[name] for name in own)
    return {"file": file, "shapes": {name: list(v.shape) for name, v in state.items()}, "config": dict(net.config)}


if __name__ == "__main__":
    result = {family: golden(family) for family in FULL} | {"sdxl_small": golden("sdxl", **SMALL)}
    write_gz(GOLDEN / "io" / "controlnets.json.gz", json.dumps(result, default=str).encode())
