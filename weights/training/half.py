"""Trains in bfloat16: a copy of the model computes, the optimiser's own weights stay in single precision."""
import copy

import torch

from flat import Flat
from lean import lean
from muon import Muon


class Half:
    """`model(…)` runs the copy, `learn` teaches both."""

    def __init__(self, master: torch.nn.Module, optimiser: Muon):
        self.model, self.optimiser = copy.deepcopy(master).bfloat16(), optimiser
        copies = {id(a): b for a, b in zip(master.parameters(), self.model.parameters())}
        self.flat = Flat([copies[id(p)] for p in optimiser.flat.params])
        lean(self.model)

    def learn(self, loss: torch.Tensor):
        """A step of the optimiser by the copy's gradients, then the copy has the new weights, too."""
        loss.backward()
        with torch.no_grad():
            self.optimiser.step(self.optimiser.flat.grads.copy_(self.flat.gather()))
            self.flat.weights.copy_(self.optimiser.flat.weights)
