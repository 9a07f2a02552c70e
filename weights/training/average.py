"""The running mean of a model's weights, which is what is drawn with and exported."""
import torch

from flat import Flat


def mean_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().clone() for k, v in model.state_dict().items()}


class Average:
    """`mean` follows those of the model's weights that are in `flat`. A new one, maybe of another stage, leaves where it started behind within
    its first hundred steps. Nothing in `follow` waits for a GPU."""

    def __init__(self, model: torch.nn.Module, flat: Flat, start: dict[str, torch.Tensor] | None = None, keep=0.998):
        self.live, self.own, self.keep = flat.weights, flat.weights.clone(), keep
        self.steps = torch.zeros((), device=self.own.device)
        names = {id(p): name for name, p in model.named_parameters()}
        moving = {names[id(p)]: view for p, view in zip(flat.params, flat.views(self.own))}
        self.mean = mean_of(model) | moving
        for name, value in (start or {}).items():
            self.mean[name].copy_(value)

    @torch.no_grad()
    def follow(self):
        self.steps += 1
        self.own.lerp_(self.live, 1 - (self.steps / (self.steps + 10)).clamp(max=self.keep))
