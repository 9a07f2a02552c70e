"""Training steps with nothing between them: on a GPU each kind of step is one CUDA graph, which needs no Python while it runs."""
from collections import deque
from collections.abc import Callable
import os
import sys

import torch

AHEAD = 8  # steps that may wait for the GPU, so that the clock is not fooled


def recorded(whole: Callable[[int], None], k: int, memory) -> torch.cuda.CUDAGraph | None:
    """After two true steps, which settle what is chosen or kept at first use. None where it cannot be, and why is said."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        whole(k), whole(k)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, pool=memory):
            whole(k)
    except RuntimeError as error:
        print(f"steps of kind {k} are no CUDA graph: {error}", flush=True)
        return None
    return graph


class Steps:
    """`whole(k)` is one whole step on a batch of kind k, from drawing it to the running mean: nothing in it may wait for the GPU or copy
    to it, and what it tells (a loss) it adds to tensors that outlive it. With `graphs`, all kinds are recorded at once."""

    def __init__(self, whole: Callable[[int], None], kinds: int, graphs: bool):
        self.whole, self.waiting, self.gpu = whole, deque(), graphs
        memory = torch.cuda.graph_pool_handle() if graphs else None
        self.graphs = [recorded(whole, k, memory) if graphs else None for k in range(kinds)]
        if graphs:
            torch.rand(1, device="cuda").item()

    @classmethod
    def begun(cls, whole: Callable[[int], None], kinds: int, graphs: bool, close: Callable[[], None]):
        """Or, where a failed recording leaves the GPU unusable, the same command once more without."""
        try:
            return cls(whole, kinds, graphs)
        except RuntimeError as error:
            if not graphs:
                raise
            print(f"no CUDA graphs, so a step at a time: {error}", flush=True)
            close()
            os.execv(sys.executable, [sys.executable, "-u", *sys.argv, "--eager"])

    def __call__(self, k: int):
        graph = self.graphs[k]
        graph.replay() if graph else self.whole(k)
        if self.gpu:
            self.waiting.append(torch.cuda.Event())
            self.waiting[-1].record()
            if len(self.waiting) > AHEAD:
                self.waiting.popleft().synchronize()
