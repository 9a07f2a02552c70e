"""Write what upscalers (spandrel) and TAESD (diffusers) give: tests/golden/nn/small.safetensors.

    python tests/oracle/small_networks.py

Weights are not stored: torch's CPU generator draws them in the order of their sorted names, and the test does the
same; their shapes are in small.json.
"""
import json

import torch
from diffusers import AutoencoderTiny

from common import GOLDEN, generator, save_tensors
from spandrel_alone import ESRGAN

# name, channels, blocks, side of the folded squares, height, width
UPSCALERS = [("x4", 8, 2, 1, 5, 7), ("x2plus", 8, 1, 2, 6, 10)]


def fill(network, seed):
    """Every convolution keeps its input's spread, roughly."""
    draw = generator(seed)
    state = network.state_dict()
    for name in sorted(state):
        shape = state[name].shape
        scale = (2 / shape[1:].numel()) ** 0.5 if name.endswith("weight") else 0.1
        values = torch.randn(max(16, shape.numel()), generator=draw)  # below 16, torch draws in another order
        state[name] = values[: shape.numel()].reshape(shape) * scale
    network.load_state_dict(state)
    return network.eval()


def main():
    tensors, shapes = {}, {}
    for seed, (name, width, blocks, fold, height, columns) in enumerate(UPSCALERS):
        net = fill(ESRGAN(in_nc=3 * fold**2, num_filters=width, num_blocks=blocks, scale=4, shuffle_factor=fold if fold > 1 else None), seed)
        picture = torch.rand(1, 3, height, columns, generator=generator(100 + seed)).half().float()
        shapes[name] = {key: list(value.shape) for key, value in net.state_dict().items()}
        tensors[f"{name}.picture"] = picture.half()
        tensors[f"{name}.result"] = net(picture)
    tiny = fill(
        AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8),
            decoder_block_out_channels=(8, 8, 8),
            num_encoder_blocks=(1, 2, 1),
            num_decoder_blocks=(2, 1, 1),
        ),
        7,
    )
    latents = torch.randn(1, 4, 3, 5, generator=generator(108)).half().float() * 3
    tensors["taesd.latents"] = latents.half()
    tensors["taesd.decoded"] = tiny.decoder(latents.half().float())
    shapes["taesd"] = {key: list(value.shape) for key, value in tiny.state_dict().items()}
    (GOLDEN / "nn" / "small.json").write_text(json.dumps(shapes) + "\n")
    save_tensors(GOLDEN / "nn" / "small.safetensors", tensors)


if __name__ == "__main__":
    main()
