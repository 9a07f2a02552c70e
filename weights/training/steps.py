"""Training steps with nothing between them: on a GPU each kind of step is one CUDA graph, which needs no Python while it runs."""
from collections import deque
from collections.abc import Callable
import os
import sys

import torch

AHEAD = 8  # steps that may wait for the GPU, so that the clock is not fooled


class Steps:
    """`whole(k)` is one whole step on a batch of kind k, from drawing it to the running mean: nothing in it may wait for the GPU or copy
    to it, and what it tells (a loss) it adds to tensors that outlive it. `kinds` of them are recorded at once, after two true steps each."""

    def __init__(self, whole: Callable[[int], None], kinds: int, graphs: bool):
        self.whole, self.graphs, self.waiting, self.gpu = whole, [], deque(), graphs
        if not graphs:
            return
        memory, stream = torch.cuda.graph_pool_handle(), torch.cuda.Stream()
        for k in range(kinds):
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                whole(k), whole(k)
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=memory):
                whole(k)
            self.graphs.append(graph)
        torch.cuda.synchronize()

    @classmethod
    def begun(cls, whole: Callable[[int], None], kinds: int, graphs: bool, close: Callable[[], None]):
        """Or, where recording fails, the same command once more without: what a broken recording leaves behind is not worth knowing."""
        try:
            return cls(whole, kinds, graphs)
        except Exception as error:
            if not graphs:
                raise
            print(f"no CUDA graphs, so a step at a time: {error}", flush=True)
            close()
            os.execv(sys.executable, [sys.executable, "-u", *sys.argv, "--eager"])

    def __call__(self, k: int):
        self.graphs[k].replay() if self.graphs else self.whole(k)
        if self.gpu:
            self.waiting.append(torch.cuda.Event())
            self.waiting[-1].record()
            if len(self.waiting) > AHEAD:
                self.waiting.popleft().synchronize()
