"""Trains in bfloat16: a copy of the model computes, the optimiser's own weights stay in single precision."""
import copy

import torch

from flat import Flat
from lean import lean
from muon import Muon


class Half:
    """`model(…)` runs the copy; `gather` brings its gradients to the optimiser, `refresh` follows the optimiser's weights."""

    def __init__(self, master: torch.nn.Module, optimiser: Muon):
        self.model, self.optimiser = copy.deepcopy(master).bfloat16(), optimiser
        copies = {id(a): b for a, b in zip(master.parameters(), self.model.parameters())}
        self.flat = Flat([copies[id(p)] for p in optimiser.flat.params])
        lean(self.model)

    @torch.no_grad()
    def gather(self):
        self.optimiser.flat.grads.copy_(self.flat.gather())

    @torch.no_grad()
    def refresh(self):
        self.flat.weights.copy_(self.optimiser.flat.weights)
