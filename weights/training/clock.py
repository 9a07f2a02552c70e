"""How much of a stage's time has been spent, over all its calls."""
import time


class Clock:
    """Counts processor time on a CPU, so that a stage that waits for others or is stopped for a while loses none of its plan, and the
    wall's on a GPU. `minutes` is the whole stage's budget of which `spent` is gone; `limit` is this call's."""

    def __init__(self, device: str, threads: int, minutes: float, spent: float, limit: float | None):
        self.now = time.time if device == "cuda" else lambda: time.process_time() / threads
        self.minutes, self.before, self.start = minutes, spent, self.now()
        self.end = min(minutes, spent + limit) if limit is not None else minutes

    @property
    def spent(self) -> float:
        return self.before + (self.now() - self.start) / 60

    @property
    def passed(self) -> float:
        """Share of the whole stage, 0 … 1: what schedules follow."""
        return min(1, self.spent / self.minutes) if self.minutes else 1

    @property
    def done(self) -> bool:
        return self.spent >= self.end
