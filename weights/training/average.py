"""The running mean of a model's weights, which is what is drawn with and exported."""
import torch


def mean_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {k: v.detach().clone() for k, v in model.state_dict().items()}


@torch.no_grad()
def follow(mean: dict[str, torch.Tensor], model: torch.nn.Module, steps: int):
    """One step of it. `steps` counts those of this call: a new one, maybe of another stage, leaves the old mean behind within its first
    hundred."""
    keep = min(0.998, steps / (steps + 10))
    live = [(k, v) for k, v in model.state_dict().items() if v.is_floating_point()]
    torch._foreach_lerp_([mean[k] for k, _ in live], [v for _, v in live], 1 - keep)
