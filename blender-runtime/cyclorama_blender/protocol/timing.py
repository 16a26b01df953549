"""Times the stages of a request. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable


class StageClock:
    """Tells which stage runs, and keeps how long each took.

    Attributes:
        stage: the one that runs; empty between requests.
        seconds: by stage, of those that ended.
    """

    def __init__(self, on_enter: Callable[[str], None]) -> None:
        self.stage = ""
        self.seconds: dict[str, float] = {}
        self._on_enter = on_enter
        self._since = time.perf_counter()

    def enter(self, stage: str) -> None:
        """Ends the stage before and begins this one; an empty one only ends."""
        now = time.perf_counter()
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self._since
        self.stage, self._since = stage, now
        if stage:
            self._on_enter(stage)
