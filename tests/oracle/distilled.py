"""Write what UNets give that were made smaller than their families': tests/golden/nn/distilled.{json,safetensors}.

    python tests/oracle/distilled.py

SSD-1B's middle is one ResNet block, and its transformers differ in depth within a level; BK-SDM's small ones (and
tiny-sd) have no middle. Weights are not stored: see small_networks.py.
"""
import json

import torch
from diffusers import UNet2DConditionModel

from common import GOLDEN, generator, save_tensors
from small_networks import fill

DOWN, CROSS_DOWN, UP, CROSS_UP = "DownBlock2D", "CrossAttnDownBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"
COMMON = {
    "block_out_channels": [8, 16], "norm_num_groups": 4, "cross_attention_dim": 8, "attention_head_dim": 2, "in_channels": 4,
    "out_channels": 4, "act_fn": "silu",
}
CONFIGS = {
    "ssd": COMMON | {
        "layers_per_block": 2, "down_block_types": [DOWN, CROSS_DOWN], "up_block_types": [CROSS_UP, UP],
        "mid_block_type": "UNetMidBlock2D", "transformer_layers_per_block": [1, [1, 2]],
        "reverse_transformer_layers_per_block": [[1, 1, 2], 1], "use_linear_projection": True,
    },
    "bk": COMMON | {
        "layers_per_block": 1, "down_block_types": [CROSS_DOWN, CROSS_DOWN], "up_block_types": [CROSS_UP, CROSS_UP],
        "mid_block_type": None,
    },
}


def main():
    networks, tensors = {}, {}
    for seed, (name, config) in enumerate(CONFIGS.items()):
        net = fill(UNet2DConditionModel(**config), seed)
        draw = generator(100 + seed)
        sample = torch.randn(2, 4, 6, 10, generator=draw).half()
        context = torch.randn(2, 5, 8, generator=draw).half()
        output = net(sample.float(), 321, context.float()).sample
        shapes = {key: list(value.shape) for key, value in net.state_dict().items()}
        networks[name] = {"config": config, "shapes": shapes}
        given = {"sample": sample, "context": context, "timestep": torch.tensor([321.0]), "output": output}
        tensors |= {f"{name}.{key}": value for key, value in given.items()}
    (GOLDEN / "nn" / "distilled.json").write_text(json.dumps(networks) + "\n")
    save_tensors(GOLDEN / "nn" / "distilled.safetensors", tensors)


if __name__ == "__main__":
    main()
