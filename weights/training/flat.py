"""Weights of a module in one tensor, so that what is done to all of them is one kernel on a GPU and not hundreds."""
import torch


def shaped(part: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """A stretch of the tensor as a weight; of a convolution, in channels_last."""
    if len(shape) != 4:
        return part.view(shape)
    return part.view(shape[0], *shape[2:], shape[1]).permute(0, 3, 1, 2)


def stretched(x: torch.Tensor) -> torch.Tensor:
    """The other way."""
    return (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).reshape(-1)


class Flat:
    """`weights` [all] holds what the parameters hold, in their order."""

    def __init__(self, params: list[torch.nn.Parameter]):
        self.params, self.sizes = params, [p.numel() for p in params]
        self.weights = torch.cat([stretched(p.detach()) for p in params])
        for p, view in zip(params, self.views(self.weights)):
            p.data = view
        self.grads = torch.zeros_like(self.weights)
        self.nothing = [torch.zeros_like(part) for part in self.grads.split(self.sizes)]

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Of a tensor of the same order, as weights."""
        return [shaped(part, p.shape) for part, p in zip(flat.split(self.sizes), self.params)]

    @torch.no_grad()
    def gather(self) -> torch.Tensor:
        """All gradients, which the parameters then have no longer."""
        torch.cat([none if p.grad is None else stretched(p.grad) for p, none in zip(self.params, self.nothing)], out=self.grads)
        for p in self.params:
            p.grad = None
        return self.grads
