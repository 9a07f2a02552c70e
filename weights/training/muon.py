"""Muon (Jordan 2024) with the Newton–Schulz iteration done on the small Gram matrix: two large products a step. Adam for the rest.

Nothing here waits for a GPU, and what changes from step to step is on the device: a step can be part of a CUDA graph."""
import torch


def coefficients(gram: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """q [batch, m, m] with q·x roughly the nearest semi-orthogonal matrix to x [batch, m, n] of norm one and x·xᵀ = gram."""
    q = torch.eye(gram.shape[1], device=gram.device).expand_as(gram)
    for _ in range(steps):
        a = q @ gram @ q.mT
        q = 3.4445 * q + (-4.7750 * a + 2.0315 * a @ a) @ q
    return q


class Muon:
    """Muon on weights of two and more dimensions, Adam on the rest, on embeddings and on `plain`. `k` scales both rates."""

    def __init__(self, module: torch.nn.Module, rate: float, adam_rate: float, momentum=0.9, decay=0.01, plain=()):
        tables = {id(m.weight) for m in module.modules() if isinstance(m, torch.nn.Embedding)} | {id(p) for p in plain}
        wide = lambda p: p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 8 and id(p) not in tables
        params = [p for p in module.parameters() if p.requires_grad]
        self.matrices, self.others = [p for p in params if wide(p)], [p for p in params if not wide(p)]
        # Matrices of one shape are orthogonalised together, and iterated with all of as small a side: many are too small to keep a core busy.
        self.shapes: dict[tuple, list[int]] = {}
        for k, p in enumerate(self.matrices):
            self.shapes.setdefault((p.shape[0], p[0].numel()), []).append(k)
        zeros = lambda params: [torch.zeros_like(p) for p in params]
        self.velocity, self.first, self.second = zeros(self.matrices), zeros(self.others), zeros(self.others)
        self.steps, self.scale = torch.zeros((), device=params[0].device), torch.ones((), device=params[0].device)
        self.rate, self.adam_rate, self.momentum, self.decay, self.betas = rate, adam_rate, momentum, decay, (0.9, 0.99)

    @property
    def k(self):
        return self.scale

    @k.setter
    def k(self, value: float):
        self.scale.fill_(value)

    @torch.no_grad()
    def step(self):
        self.turn()
        self.adam()
        for p in (*self.matrices, *self.others):
            p.grad = None

    def turn(self):
        grads = [p.grad for p in self.matrices]
        torch._foreach_mul_(self.velocity, self.momentum)
        torch._foreach_add_(self.velocity, grads)
        ahead = torch._foreach_add(grads, self.velocity, alpha=self.momentum)
        lying, sides = {}, {}
        for shape, members in self.shapes.items():
            x = torch.stack([ahead[k].reshape(shape) for k in members])
            x = x.mT if shape[0] > shape[1] else x
            lying[shape] = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
            sides.setdefault(min(shape), []).append(shape)
        moves = [None] * len(ahead)
        for shapes in sides.values():
            q = coefficients(torch.cat([lying[shape] @ lying[shape].mT for shape in shapes]))
            for shape, part in zip(shapes, q.split([len(lying[shape]) for shape in shapes])):
                x = (part @ lying[shape]) * max(1, shape[0] / shape[1]) ** 0.5
                for k, move in zip(self.shapes[shape], x.mT if shape[0] > shape[1] else x):
                    moves[k] = move.reshape(self.matrices[k].shape)
        torch._foreach_mul_(moves, -self.rate * self.scale)
        torch._foreach_mul_(self.matrices, 1 - self.rate * self.decay * self.scale)
        torch._foreach_add_(self.matrices, moves)

    def adam(self):
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.others]
        self.steps += 1
        torch._foreach_lerp_(self.first, grads, 1 - self.betas[0])
        torch._foreach_mul_(self.second, self.betas[1])
        torch._foreach_addcmul_(self.second, grads, grads, 1 - self.betas[1])
        size = torch._foreach_div(self.second, 1 - self.betas[1] ** self.steps)
        torch._foreach_sqrt_(size)
        torch._foreach_add_(size, 1e-8)
        moves = torch._foreach_div(self.first, size)
        torch._foreach_mul_(moves, -self.adam_rate * self.scale / (1 - self.betas[0] ** self.steps))
        torch._foreach_add_(self.others, moves)

    def state_dict(self):
        return {"velocity": self.velocity, "first": self.first, "second": self.second, "steps": self.steps}

    def load_state_dict(self, state):
        for name in ("velocity", "first", "second"):
            for own, other in zip(getattr(self, name), state[name]):
                own.copy_(other)
        self.steps.copy_(state["steps"])
