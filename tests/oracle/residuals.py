"""Write what the tiny UNets give when a ControlNet adds to their features: tests/golden/nn/residuals.safetensors.

    python tests/oracle/residuals.py

Inputs are those of the second case in golden/nn (blocks.py). Residual i is (31·i + 7·c + 3·y + x) mod 11 − 5 eighths at
channel c, row y and column x; `<model>.shapes` has the channels, height and width of each, the middle's last.
"""
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file

from blocks import load
from common import GOLDEN, save_tensors
from models import MODEL_TABLE


def residual(i, shape):
    batch, channels, height, width = shape
    c, y, x = torch.meshgrid(torch.arange(channels), torch.arange(height), torch.arange(width), indexing="ij")
    return (((31 * i + 7 * c + 3 * y + x) % 11 - 5) / 8).float().expand(batch, -1, -1, -1)


@torch.no_grad()
def golden(name):
    part = {k.removeprefix("unet.1."): v.float() for k, v in load_file(GOLDEN / "nn" / f"{name}.safetensors").items()}
    unet = load(UNet2DConditionModel, name, "unet")
    shapes = []
    unet.mid_block.register_forward_pre_hook(lambda _, args: shapes.append(args[0].shape))
    for block in unet.down_blocks:
        block.register_forward_hook(lambda _, __, out: shapes.extend(x.shape for x in out[1]))
    unet.conv_in.register_forward_hook(lambda _, __, out: shapes.append(out.shape))
    added = {k: part[k] for k in ("text_embeds", "time_ids") if k in part} or None
    call = lambda **more: unet(
        part["sample"], part["timestep"].item(), part["context"], added_cond_kwargs=added, **more
    ).sample
    call()
    residuals = [residual(i, shape) for i, shape in enumerate(shapes)]
    output = call(down_block_additional_residuals=residuals[:-1], mid_block_additional_residual=residuals[-1])
    return {f"{name}.output": output, f"{name}.shapes": torch.tensor([list(r.shape[1:]) for r in residuals])}


if __name__ == "__main__":
    tensors = {}
    for name in MODEL_TABLE:
        tensors |= golden(name)
    save_tensors(GOLDEN / "nn" / "residuals.safetensors", tensors)
