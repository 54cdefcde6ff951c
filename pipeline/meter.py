"""What each stage of a run cost: seconds and peak memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

SAMPLE_SECONDS = 0.05


class Meter:
    """Measures named blocks; ``timings`` is stage → ``{"seconds": …, "peak_mb": …}``.

    Peak memory is the largest resident size of this process and its children seen while the block ran: the
    operating system's own high-water mark cannot be reset between stages.
    """

    def __init__(self) -> None:
        self.timings: dict[str, dict[str, float]] = {}
        self._process = psutil.Process()

    def _resident(self) -> int:
        total: int = self._process.memory_info().rss
        for child in self._process.children(recursive=True):
            try:
                total += child.memory_info().rss
            except psutil.Error:
                continue
        return total

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time the block and watch its memory."""
        peak = self._resident()
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(SAMPLE_SECONDS):
                peak = max(peak, self._resident())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        begun = time.perf_counter()
        try:
            yield
        finally:
            done.set()
            watcher.join()
            self.timings[stage] = {
                "seconds": round(time.perf_counter() - begun, 2),
                "peak_mb": round(max(peak, self._resident()) / 1e6),
            }
