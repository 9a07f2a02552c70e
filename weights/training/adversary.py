"""A small patch discriminator for the end of the decoder's training: L1 alone leaves smooth what it is unsure of.

Hinge loss as in VQGAN (Esser et al., arXiv 2012.09841), with feature matching (Wang et al., arXiv 1711.11585), which keeps it steady.
"""
import torch
from torch import nn
import torch.nn.functional as F


class Adversary(nn.Module):
    """Judges patches of 30 pixels: [n, 3, h, w] → [n, 1, h/4, w/4]."""

    def __init__(self, state: dict | None, device: str, width=48):
        super().__init__()
        spectral = nn.utils.parametrizations.spectral_norm
        layer = lambda i, o, stride: spectral(nn.Conv2d(i, o, 4 if stride == 2 else 3, stride, 1))
        self.layers = nn.ModuleList([layer(3, width, 2), layer(width, 2 * width, 2), layer(2 * width, 2 * width, 1), layer(2 * width, 1, 1)])
        if state:
            self.load_state_dict(state)
        self.to(device, memory_format=torch.channels_last)
        self.optimiser = torch.optim.Adam(self.parameters(), 2e-4, betas=(0.5, 0.9))

    def forward(self, x):
        """The verdict last, after what each layer saw."""
        seen = []
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
            seen.append(x)
        return [*seen, self.layers[-1](x)]

    def blame(self, real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
        """Trains one step on real and made pictures, then says how unreal the made ones look."""
        with torch.autocast(real.device.type, dtype=torch.bfloat16):
            verdicts = self(real)[-1].float(), self(made.detach())[-1].float()
            loss = F.relu(1 - verdicts[0]).mean() + F.relu(1 + verdicts[1]).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.requires_grad_(False)
            with torch.no_grad():
                wanted = self(real)
            seen = self(made)
            self.requires_grad_(True)
        return 4 * sum((a.float() - b.float()).abs().mean() for a, b in zip(seen[:-1], wanted[:-1])) - 0.2 * seen[-1].float().mean()
