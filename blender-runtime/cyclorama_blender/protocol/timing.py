"""Times the stages of a request."""

from __future__ import annotations

import time
from collections.abc import Callable


class StageClock:
    """Keeps the current stage and how long each stage took.

    Attributes:
        stage: the current stage; empty between requests.
        seconds: the seconds of each stage that ended.
    """

    def __init__(self, on_enter: Callable[[str], None]) -> None:
        self.stage = ""
        self.seconds: dict[str, float] = {}
        self._on_enter = on_enter
        self._since = time.perf_counter()

    def enter(self, stage: str) -> None:
        """Ends the current stage and begins this one. An empty name only ends the current stage."""
        now = time.perf_counter()
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self._since
        self.stage, self._since = stage, now
        if stage:
            self._on_enter(stage)
