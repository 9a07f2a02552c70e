"""Makes scenes beside the training: at once where it is asked for them, or in processes of their own where there are cores to spare."""
from collections.abc import Callable
from pathlib import Path
import queue

import torch
import torch.multiprocessing as mp

from scenes import Studio

CHUNK = 16  # scenes that a worker hands over at a time


def work(run: Path, seed: int, shot: Callable, count: int, shares: list[float], out, first: bool):
    torch.set_num_threads(1)
    studio = Studio(run, seed, first)
    while True:
        kinds = studio.random.choices(range(count), shares, k=CHUNK)
        out.put([(k, shot(studio, k)) for k in kinds])


class Feed:
    """`shot(studio, k)` makes one scene of kind k; kinds come by their shares. A picklable shot is needed with workers."""

    def __init__(self, run: Path, seed: int, shot: Callable, shares: list[float], workers: int, first=False):
        self.studio, self.shot, self.shares = Studio(run, seed, first), shot, shares
        context = mp.get_context("fork")  # to be called before anything of the GPU
        self.queue = context.Queue(8 * workers) if workers else None
        self.processes = [context.Process(
            target=work, args=(run, seed + 1_000_000 * (1 + n), shot, len(shares), shares, self.queue, first), daemon=True) for n in range(workers)]
        for process in self.processes:
            process.start()

    def choose(self) -> int:
        return self.studio.random.choices(range(len(self.shares)), self.shares)[0]

    def take(self, count: int, wait: bool = False) -> list[tuple[int, object]]:
        """`count` scenes, each with its kind; of workers, about as many of those that are ready, or with `wait` of those to come."""
        if not self.queue:
            return [(k, self.shot(self.studio, k)) for k in (self.choose() for _ in range(count))]
        out = []
        try:
            while len(out) < count:
                out += self.queue.get(wait, 60 if wait else None)
        except queue.Empty:
            if wait:
                raise RuntimeError("no scene came from the workers within a minute")
        return out

    def close(self):
        for process in self.processes:
            process.terminate()
