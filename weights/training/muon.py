"""Muon (Jordan 2024) with the Newton–Schulz iteration done on the small Gram matrix: two large products a step."""
import torch


def orthogonalise(g: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """Roughly the nearest semi-orthogonal matrix to each g [batch, m, n]."""
    x = g.mT if g.shape[1] > g.shape[2] else g
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    q = torch.eye(x.shape[1], device=x.device).expand_as(gram)
    for _ in range(steps):
        a = q @ gram @ q.mT
        q = 3.4445 * q + (-4.7750 * a + 2.0315 * a @ a) @ q
    x = q @ x
    return x.mT if g.shape[1] > g.shape[2] else x


class Muon:
    """Muon on weights of two and more dimensions, Adam on the rest, on embeddings and on `plain`. `k` scales both rates."""

    def __init__(self, module: torch.nn.Module, rate: float, adam_rate: float, momentum=0.9, decay=0.01, plain=()):
        tables = {id(m.weight) for m in module.modules() if isinstance(m, torch.nn.Embedding)} | {id(p) for p in plain}
        wide = lambda p: p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 8 and id(p) not in tables
        params = [p for p in module.parameters() if p.requires_grad]
        self.matrices = [p for p in params if wide(p)]
        # Matrices of one shape are orthogonalised together: many of them are too small to keep a core busy.
        self.shapes: dict[tuple, list[int]] = {}
        for k, p in enumerate(self.matrices):
            self.shapes.setdefault((p.shape[0], p[0].numel()), []).append(k)
        self.adam = torch.optim.AdamW([p for p in params if not wide(p)], lr=adam_rate, betas=(0.9, 0.99), weight_decay=0)
        self.velocity = [torch.zeros_like(p) for p in self.matrices]
        self.rate, self.adam_rate, self.momentum, self.decay, self.k = rate, adam_rate, momentum, decay, 1.0

    @torch.no_grad()
    def step(self):
        grads = [p.grad for p in self.matrices]
        torch._foreach_mul_(self.velocity, self.momentum)
        torch._foreach_add_(self.velocity, grads)
        ahead = list(torch._foreach_add(grads, self.velocity, alpha=self.momentum))
        for shape, members in self.shapes.items():
            grow = max(1, shape[0] / shape[1]) ** 0.5
            steps = grow * orthogonalise(torch.stack([ahead[k].reshape(shape) for k in members]))
            for k, step in zip(members, steps):
                ahead[k] = step.view_as(self.matrices[k])
        torch._foreach_mul_(self.matrices, 1 - self.rate * self.k * self.decay)
        torch._foreach_add_(self.matrices, ahead, alpha=-self.rate * self.k)
        for p in self.matrices:
            p.grad = None
        for group in self.adam.param_groups:
            group["lr"] = self.adam_rate * self.k
        self.adam.step()
        self.adam.zero_grad()

    def state_dict(self):
        return {"velocity": self.velocity, "adam": self.adam.state_dict()}

    def load_state_dict(self, state):
        for own, other in zip(self.velocity, state["velocity"]):
            own.copy_(other)
        self.adam.load_state_dict(state["adam"])
