"""Makes scenes beside the training: at once where it is asked for them, or in processes of their own where there are cores to spare."""
from collections.abc import Callable
from pathlib import Path
import queue

import torch.multiprocessing as mp

from scenes import Studio


def work(run: Path, seed: int, shot: Callable, count: int, shares: list[float], out, first: bool):
    studio = Studio(run, seed, first)
    while True:
        k = studio.random.choices(range(count), shares)[0]
        out.put((k, shot(studio, k)))


class Feed:
    """`shot(studio, k)` makes one scene of kind k; kinds come by their shares. A picklable shot is needed with workers."""

    def __init__(self, run: Path, seed: int, shot: Callable, shares: list[float], workers: int, first=False):
        self.studio, self.shot, self.shares = Studio(run, seed, first), shot, shares
        self.queue = mp.get_context("spawn").Queue(64 * workers) if workers else None
        self.processes = [mp.get_context("spawn").Process(
            target=work, args=(run, seed + 1_000_000 * (1 + n), shot, len(shares), shares, self.queue, first), daemon=True) for n in range(workers)]
        for process in self.processes:
            process.start()

    def choose(self) -> int:
        return self.studio.random.choices(range(len(self.shares)), self.shares)[0]

    def take(self, count: int, wait: bool = False) -> list[tuple[int, object]]:
        """`count` scenes, each with its kind; of workers, those that are ready (at most `count`, or all of them with `wait`)."""
        if not self.queue:
            return [(k, self.shot(self.studio, k)) for k in (self.choose() for _ in range(count))]
        out = []
        try:
            while len(out) < count:
                out.append(self.queue.get(wait, 60 if wait else None))
        except queue.Empty:
            if wait:
                raise RuntimeError("no scene came from the workers within a minute")
        return out

    def close(self):
        for process in self.processes:
            process.terminate()
