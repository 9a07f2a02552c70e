"""Trains in bfloat16: a copy of the model computes, the optimiser's own weights stay in single precision."""
import copy

import torch


class Half:
    """`model(…)` runs the copy; `gather` brings its gradients to the original; `refresh` follows the original's weights."""

    def __init__(self, master: torch.nn.Module):
        self.model = copy.deepcopy(master).bfloat16()
        pairs = [(a, b) for a, b in zip(master.parameters(), self.model.parameters()) if a.requires_grad]
        self.own, self.copies = [a for a, _ in pairs], [b for _, b in pairs]

    @torch.no_grad()
    def gather(self):
        used = [(a, b) for a, b in zip(self.own, self.copies) if b.grad is not None]
        grads = [torch.empty_like(a) for a, _ in used]
        torch._foreach_copy_(grads, [b.grad for _, b in used])
        for (a, b), grad in zip(used, grads):
            a.grad, b.grad = grad, None

    @torch.no_grad()
    def refresh(self):
        torch._foreach_copy_(self.copies, self.own)
