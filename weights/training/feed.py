"""Makes scenes beside the training: at once where it is asked for them, or in processes of their own where there are cores to spare."""
from collections.abc import Callable
from pathlib import Path
import queue

import torch
import torch.multiprocessing as mp

from scenes import Studio
from sprites import Sprites

CHUNK = 32  # scenes of one kind that a worker hands over at a time


def work(run: Path, seed: int, shot: Callable, pack: Callable, count: int, shares: list[float], out, first: bool, sprites: Sprites):
    torch.set_num_threads(1)
    studio = Studio(run, seed, first, sprites)
    while True:
        k = studio.random.choices(range(count), shares)[0]
        out.put((k, pack([shot(studio, k) for _ in range(CHUNK)])))


class Feed:
    """`shot(studio, k)` makes one scene of kind k; kinds come by their shares. `pack` is done to a list of scenes by whoever made it."""

    def __init__(self, run: Path, seed: int, shot: Callable, shares: list[float], workers: int, first=False, pack: Callable = list):
        self.studio, self.shot, self.shares, self.pack = Studio(run, seed, first), shot, shares, pack
        context = mp.get_context("fork")  # to be called before anything of the GPU
        self.queue = context.Queue(8 * workers) if workers else None
        sprites = Sprites(run, shared=True) if workers else None
        self.processes = [context.Process(
            target=work, args=(run, seed + 1_000_000 * (1 + n), shot, pack, len(shares), shares, self.queue, first, sprites), daemon=True)
            for n in range(workers)]
        for process in self.processes:
            process.start()

    def choose(self) -> int:
        return self.studio.random.choices(range(len(self.shares)), self.shares)[0]

    def take(self, count: int, wait: bool = False) -> list[tuple[int, object]]:
        """`count` scenes, packed, with their kinds; of workers, about as many of those that are ready, or with `wait` of those to come."""
        if not self.queue:
            return [(k, self.pack([self.shot(self.studio, k)])) for k in (self.choose() for _ in range(count))]
        out = []
        try:
            while len(out) * CHUNK < count:
                out.append(self.queue.get(wait, 60 if wait else None))
        except queue.Empty:
            if wait:
                raise RuntimeError("no scene came from the workers within a minute")
        return out

    def close(self):
        for process in self.processes:
            process.terminate()
