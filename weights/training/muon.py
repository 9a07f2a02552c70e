"""Muon (Jordan 2024) with the Newton–Schulz iteration done on the small Gram matrix: two large products a step. Adam for the rest.

Nothing here waits for a GPU, and what changes from step to step is on the device: a step can be part of a CUDA graph."""
import torch

from flat import Flat


def coefficients(gram: torch.Tensor, steps: int = 4) -> torch.Tensor:
    """q [batch, m, m] with q·x roughly the nearest semi-orthogonal matrix to x [batch, m, n], where gram = x·xᵀ. It is symmetric."""
    square = gram.diagonal(dim1=1, dim2=2).sum(1)[:, None, None] + 1e-14
    gram = gram / square
    q = torch.eye(gram.shape[1], device=gram.device).expand_as(gram)
    for _ in range(steps):
        a = q @ gram @ q.mT
        q = 3.4445 * q + torch.baddbmm(a, a, a, beta=-4.7750, alpha=2.0315) @ q
    return q / square.sqrt()


class Muon:
    """Muon on weights of two and more dimensions, Adam on the rest, on embeddings and on `plain`. `k` scales both rates."""

    def __init__(self, module: torch.nn.Module, rate: float, adam_rate: float, momentum=0.9, decay=0.01, plain=()):
        tables = {id(m.weight) for m in module.modules() if isinstance(m, torch.nn.Embedding)} | {id(p) for p in plain}
        wide = lambda p: p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 8 and id(p) not in tables
        params = [p for p in module.parameters() if p.requires_grad]
        # Matrices of one shape lie side by side and are orthogonalised together, and iterated with all of as small a side: many are too
        # small to keep a core busy.
        shapes: dict[tuple, list] = {}
        for p in filter(wide, params):
            shapes.setdefault((p.shape[0], p[0].numel()), []).append(p)
        self.shapes = [(len(members), *shape) for shape, members in shapes.items()]
        matrices = [p for members in shapes.values() for p in members]
        self.flat = Flat(matrices + [p for p in params if not wide(p)])
        self.wide = sum(p.numel() for p in matrices)
        self.sides = {side: sum(count for count, *shape in self.shapes if min(shape) == side) for side in {min(s[1:]) for s in self.shapes}}
        zeros = lambda start, end: torch.zeros_like(self.flat.weights[start:end])
        self.velocity, self.first, self.second = zeros(0, self.wide), zeros(self.wide, None), zeros(self.wide, None)
        self.steps, self.scale = torch.zeros((), device=params[0].device), torch.ones((), device=params[0].device)
        self.rate, self.adam_rate, self.momentum, self.decay, self.betas = rate, adam_rate, momentum, decay, (0.9, 0.99)

    @property
    def k(self):
        return self.scale

    @k.setter
    def k(self, value: float):
        self.scale.fill_(value)

    @torch.no_grad()
    def step(self, grads: torch.Tensor | None = None):
        """With the parameters' own gradients, or all [all] in the order of `flat`."""
        grads = self.flat.gather() if grads is None else grads
        self.turn(grads[:self.wide], self.flat.weights[:self.wide])
        self.adam(grads[self.wide:], self.flat.weights[self.wide:])

    def stacks(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """[count, rows, columns] of each shape."""
        parts = flat.split([count * m * n for count, m, n in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes)]

    def turn(self, grads: torch.Tensor, weights: torch.Tensor):
        self.velocity.mul_(self.momentum).add_(grads)
        ahead, moves = torch.add(grads, self.velocity, alpha=self.momentum), torch.empty_like(grads)
        given, made = self.stacks(ahead), self.stacks(moves)
        for side, count in self.sides.items():
            those = [k for k, (_, m, n) in enumerate(self.shapes) if min(m, n) == side]
            gram = torch.empty(count, side, side, device=grads.device)
            places = gram.split([self.shapes[k][0] for k in those])
            for k, place in zip(those, places):
                x = given[k]
                torch.bmm(*((x, x.mT) if x.shape[1] == side else (x.mT, x)), out=place)
            for k, q in zip(those, coefficients(gram).split([len(place) for place in places])):
                x = given[k]
                q = q * max(1, x.shape[1] / x.shape[2]) ** 0.5
                torch.bmm(*((q, x) if x.shape[1] == side else (x, q)), out=made[k])
        weights.mul_(1 - self.rate * self.decay * self.scale).sub_(moves.mul_(self.rate * self.scale))

    def adam(self, grads: torch.Tensor, weights: torch.Tensor):
        self.steps += 1
        self.first.lerp_(grads, 1 - self.betas[0])
        self.second.mul_(self.betas[1]).addcmul_(grads, grads, value=1 - self.betas[1])
        size = (self.second / (1 - self.betas[1] ** self.steps)).sqrt_().add_(1e-8)
        weights.sub_((self.first / size).mul_(self.adam_rate * self.scale / (1 - self.betas[0] ** self.steps)))

    def state_dict(self):
        return {"velocity": self.velocity, "first": self.first, "second": self.second, "steps": self.steps}

    def load_state_dict(self, state):
        for name, value in state.items():
            getattr(self, name).copy_(value)
