"""The running mean of a model's weights, which is what is drawn with and exported."""
import torch


def mean_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().clone() for k, v in model.state_dict().items()}


class Average:
    """`mean` follows the model's weights. A new one, maybe of another stage, leaves where it started behind within its first hundred steps.
    Nothing in `follow` waits for a GPU."""

    def __init__(self, model: torch.nn.Module, start: dict[str, torch.Tensor] | None = None, keep=0.998):
        live = model.state_dict()
        self.mean = {k: start[k].to(v.device, copy=True) for k, v in live.items()} if start else mean_of(model)
        weights = [k for k, v in live.items() if v.is_floating_point()]
        self.live, self.own = [live[k] for k in weights], [self.mean[k] for k in weights]
        self.steps, self.keep = torch.zeros((), device=self.live[0].device), keep

    @torch.no_grad()
    def follow(self):
        self.steps += 1
        apart = torch._foreach_sub(self.live, self.own)
        torch._foreach_mul_(apart, 1 - (self.steps / (self.steps + 10)).clamp(max=self.keep))
        torch._foreach_add_(self.own, apart)
