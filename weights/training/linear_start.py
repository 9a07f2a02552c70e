"""Starts the autoencoder as a linear one that already works: the encoder as a whitened principal component analysis of 8 × 8
patches, the decoder as smooth interpolation of each patch's mean colour. From a random start GroupNorm hides flat colours for
thousands of steps; from here every step goes into detail.

A GroupNorm followed by SiLU is nearly linear when some channels are large constants (they fix the variance) and the offset
puts the others on SiLU's straight part.
"""
import torch
import torch.nn.functional as F

LARGE, OFFSET = 8.0, 6.0


def principal(rows: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` leading directions [count, d] of rows [n, d] about zero."""
    _, vectors = torch.linalg.eigh(rows.T @ rows)
    return vectors.flip(1)[:, :count].T


def fold(x: torch.Tensor) -> torch.Tensor:
    """[n, c, h, w] → [n, 4c, h/2, w/2], channel c·4 + 2·dy + dx."""
    return F.pixel_unshuffle(x, 2)


def rows_of(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def set_fold(conv, reduce: torch.Tensor):
    """A stride-2 convolution (padded right and below) that folds 2 × 2 pixels and then applies reduce [out, 4·in]."""
    out, four = reduce.shape
    conv.weight.zero_()
    conv.bias.zero_()
    conv.weight[:out, :four // 4, :2, :2] = reduce.view(out, four // 4, 2, 2)


def set_identity(conv, channels: int):
    """The first `channels` of a convolution's outputs are its inputs."""
    middle = conv.kernel_size[0] // 2
    conv.weight[:channels] = 0
    conv.bias[:channels] = 0
    for c in range(channels):
        conv.weight[c, c, middle, middle] = 1


def set_constants(conv, first: int):
    """Outputs from `first` on are ±LARGE by turns."""
    conv.weight[first:] = 0
    conv.bias[first:] = LARGE * (1 - 2 * (torch.arange(conv.bias.shape[0] - first) % 2))


@torch.no_grad()
def start_linear(model, pictures: torch.Tensor, latent: int):
    """Sets the weights of a four-level AutoencoderKL from sample pictures [n, 3, h, w] in −1…1."""
    enc, dec = model.encoder, model.decoder
    for resnet in [m for m in model.modules() if m.__class__.__name__ == "ResnetBlock2D"]:
        resnet.conv2.weight.zero_()
        resnet.conv2.bias.zero_()
    # Encoder: three folds, each cut to the directions that matter.
    widths = [b.downsamplers[0].conv.out_channels for b in enc.down_blocks[:3]]
    set_identity(enc.conv_in, 3)
    x = pictures
    for k, block in enumerate(enc.down_blocks):
        if k:
            set_identity(block.resnets[0].conv_shortcut, x.shape[1])
        if k < 3:
            folded = fold(x)
            reduce = principal(rows_of(folded), min(folded.shape[1], widths[k]))
            set_fold(block.downsamplers[0].conv, reduce)
            x = torch.einsum("oc,nchw->nohw", reduce, folded)
    used, top = x.shape[1], enc.conv_norm_out.num_channels
    set_constants(enc.down_blocks[3].resnets[0].conv_shortcut, used)
    enc.conv_norm_out.weight.fill_(LARGE * ((top - used) / top) ** 0.5)
    enc.conv_norm_out.bias.fill_(OFFSET)
    rows = rows_of(x)
    centre = rows.mean(0)
    white = principal(rows - centre, latent)
    white = white / ((rows - centre) @ white.T).std(0)[:, None]
    enc.conv_out.weight.zero_()
    enc.conv_out.bias.zero_()
    enc.conv_out.weight[:latent, :used, 1, 1] = white
    enc.conv_out.bias[:latent] = -white @ (centre + OFFSET)
    for conv in (model.quant_conv, model.post_quant_conv):
        conv.weight.copy_(torch.eye(conv.weight.shape[0])[:, :, None, None])
        conv.bias.zero_()
    # Decoder: the mean colour of a patch is the least-squares fit from its latent.
    z = (rows - centre) @ white.T
    colour = rows_of(F.avg_pool2d(pictures, 8))
    fit = torch.linalg.lstsq(torch.cat([z, torch.ones(len(z), 1)], 1), colour).solution
    dec.conv_in.weight[:3] = 0
    dec.conv_in.weight[:3, :, 1, 1] = fit[:latent].T
    dec.conv_in.bias[:3] = fit[latent]
    tap = torch.tensor([1.0, 2.0, 1.0]) / 4
    for block in dec.up_blocks:
        if block.resnets[0].conv_shortcut is not None:
            set_identity(block.resnets[0].conv_shortcut, 3)
        if block.upsamplers:
            conv = block.upsamplers[0].conv
            set_identity(conv, 3)
            for c in range(3):
                conv.weight[c, c] = tap[:, None] * tap
    last, norm = dec.up_blocks[-1].resnets[0].conv_shortcut, dec.conv_norm_out
    channels = norm.num_channels
    set_constants(last, channels - 4)
    norm.weight[:3] = LARGE * (4 / channels) ** 0.5
    norm.bias[:3] = OFFSET
    dec.conv_out.weight.zero_()
    set_identity(dec.conv_out, 3)
    dec.conv_out.bias.fill_(-OFFSET)
