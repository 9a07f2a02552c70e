"""Starts the autoencoder as a linear one that already works: the encoder as sixteen components of 16 × 16 patches, the decoder as
smooth interpolation of each patch's mean colour. From a random start GroupNorm hides flat colours for thousands of steps; from here
every step goes into detail.

A GroupNorm followed by SiLU is nearly linear when some channels are large constants (they fix the variance) and the offset puts the
others on SiLU's straight part. The encoder is never trained, so `analysis` is all of it: one matrix.
"""
import torch
import torch.nn.functional as F

PATCH = 16
LARGE, OFFSET = 8.0, 6.0
# Of the encoder's last normalisation: latents within ±6 stay on the straight part of SiLU, and f16 keeps three digits.
FLAT, LIFT = 0.5, 9.0


def principal(rows: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` leading directions [count, d] of rows [n, d] about zero."""
    _, vectors = torch.linalg.eigh(rows.T @ rows)
    return vectors.flip(1)[:, :count].T


def rows_of(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])


def patches(x: torch.Tensor) -> torch.Tensor:
    """Pictures [n, 3, h, w] → [n·h/16·w/16, 768], one row a patch in the order (channel, y, x)."""
    return rows_of(F.pixel_unshuffle(x, PATCH))


def least_squares(rows: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """weight [out, d] and bias [out] of the linear map from rows [n, d] to wanted [n, out]."""
    mean = rows.mean(0)
    gram = (rows - mean).T @ (rows - mean)
    gram += 1e-6 * gram.diagonal().mean() * torch.eye(len(gram))
    weight = torch.linalg.solve(gram, (rows - mean).T @ (wanted - wanted.mean(0))).T
    return weight, wanted.mean(0) - weight @ mean


def analysis(pictures: torch.Tensor, latent: int, first=None) -> tuple[torch.Tensor, torch.Tensor]:
    """weight [latent, 768] and bias [latent] of whitened principal components. `first` (pictures → [n, c, h/16, w/16]) may fix the
    leading c of them: the rest are then the components of what those leave over."""
    rows = patches(pictures)
    weight, bias = torch.zeros(0, rows.shape[1]), torch.zeros(0)
    left = rows - rows.mean(0)
    if first is not None:
        z = rows_of(first(pictures))
        weight, bias = least_squares(rows, z)
        z = rows @ weight.T + bias
        back, shift = least_squares(z, rows)
        left = rows - z @ back.T - shift
    if latent == len(weight):
        return weight, bias
    more = principal(left, latent - len(weight))
    # What a component of the remainder is as a function of the patch itself.
    more, shift = least_squares(rows, left @ more.T)
    spread = (rows @ more.T + shift).std(0)
    return torch.cat([weight, more / spread[:, None]]), torch.cat([bias, shift / spread])


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


def set_encoder(enc, pictures: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor):
    """The encoder computes weight · patch + bias: each level folds 2 × 2 pixels into channels, cut to the directions that matter for
    the result, and the last one gives the components themselves."""
    n, levels = len(weight), enc.down_blocks[:-1]
    set_identity(enc.conv_in, 3)
    x = pictures
    for k, block in enumerate(levels):
        if k:
            set_identity(block.resnets[0].conv_shortcut, x.shape[1]) if block.resnets[0].conv_shortcut is not None else None
        folded, conv = F.pixel_unshuffle(x, 2), block.downsamplers[0].conv
        rows = rows_of(folded)
        if k == len(levels) - 1:
            reduce, shift = least_squares(rows, patches(pictures) @ weight.T + bias)
        else:
            reduce, shift = principal(rows, min(rows.shape[1], conv.out_channels)), 0
        out, four = reduce.shape
        conv.weight.zero_()
        conv.bias.zero_()
        conv.weight[:out, :four // 4, :2, :2] = reduce.view(out, four // 4, 2, 2)
        conv.bias[:out] = shift
        x = torch.einsum("oc,nchw->nohw", reduce, folded) + (shift.view(1, -1, 1, 1) if k == len(levels) - 1 else 0)
    last, norm, top = enc.down_blocks[-1].resnets[0], enc.conv_norm_out, enc.conv_norm_out.num_channels
    if last.conv_shortcut is not None:
        set_identity(last.conv_shortcut, n)
        set_constants(last.conv_shortcut, n)
    else:
        set_constants(levels[-1].downsamplers[0].conv, n)
    # The constants' spread and the latents' own, which is about one.
    norm.weight.fill_(FLAT * ((LARGE ** 2 * (top - n) + n) / top) ** 0.5)
    norm.bias.fill_(LIFT)
    enc.conv_out.weight.zero_()
    enc.conv_out.bias.zero_()
    for c in range(n):
        enc.conv_out.weight[c, c, 1, 1] = 1 / FLAT
    enc.conv_out.bias[:n] = -LIFT / FLAT


def set_decoder(dec, pictures: torch.Tensor, z: torch.Tensor):
    """The decoder gives the mean colour of each patch (the least-squares fit from its latent), smoothly interpolated."""
    fit, shift = least_squares(z, rows_of(F.avg_pool2d(pictures, PATCH)))
    dec.conv_in.weight[:3] = 0
    dec.conv_in.weight[:3, :, 1, 1] = fit
    dec.conv_in.bias[:3] = shift
    tap = torch.tensor([1.0, 2.0, 1.0]) / 4
    for block in dec.up_blocks:
        if block.resnets[0].conv_shortcut is not None:
            set_identity(block.resnets[0].conv_shortcut, 3)
        if block.upsamplers:
            conv = block.upsamplers[0].conv
            set_identity(conv, 3)
            for c in range(3):
                conv.weight[c, c] = tap[:, None] * tap
    # Where the last level is no narrower than the one before, its shortcut is none and the constants come from the
    # level before.
    last = dec.up_blocks[-1].resnets[0].conv_shortcut
    last = last if last is not None else dec.up_blocks[-2].upsamplers[0].conv
    norm = dec.conv_norm_out
    channels = norm.num_channels
    set_constants(last, channels - 4)
    # Channels that carry nothing yet start at zero: what they held at random hid every colour.
    last.weight[3:channels - 4] = 0
    last.bias[3:channels - 4] = 0
    norm.weight[:3] = LARGE * (4 / channels) ** 0.5
    norm.bias[:3] = OFFSET
    dec.conv_out.weight.zero_()
    set_identity(dec.conv_out, 3)
    dec.conv_out.bias.fill_(-OFFSET)


@torch.no_grad()
def start_linear(model, pictures: torch.Tensor, latent: int, first=None) -> tuple[torch.Tensor, torch.Tensor]:
    """Sets the weights of a five-level AutoencoderKL from sample pictures [n, 3, h, w] in −1…1; returns its `analysis`."""
    weight, bias = analysis(pictures, latent, first)
    for resnet in [m for m in model.modules() if m.__class__.__name__ == "ResnetBlock2D"]:
        resnet.conv2.weight.zero_()
        resnet.conv2.bias.zero_()
    for conv in (model.quant_conv, model.post_quant_conv):
        conv.weight.copy_(torch.eye(conv.weight.shape[0])[:, :, None, None])
        conv.bias.zero_()
    set_encoder(model.encoder, pictures, weight, bias)
    set_decoder(model.decoder, pictures, patches(pictures) @ weight.T + bias)
    return weight, bias
