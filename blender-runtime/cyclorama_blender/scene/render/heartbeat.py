"""Signs of life of a render: while a GPU computes, the process itself may idle for minutes, as one that hangs does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy

EVERY_SECONDS = 2.0
"""At most so often."""


@contextmanager
def told(tell: Callable[[], None]) -> Iterator[None]:
    """Calls `tell` whenever Cycles has moved on, from a thread of Cycles while the render is waited for.

    Without a window Cycles takes samples in rounds that it plans to last 30 seconds, more where a GPU is not full, and
    reports after each and at every step before the first. A render that hangs reports nothing.
    """
    told_at, status_told = time.monotonic(), ""

    def note(stats: str, *_: object) -> None:
        nonlocal told_at, status_told
        # What stands before are time and memory, which differ from call to call.
        status = stats.rpartition(" | ")[2]
        if status == status_told or time.monotonic() - told_at < EVERY_SECONDS:
            return
        told_at, status_told = time.monotonic(), status
        tell()

    bpy.app.handlers.render_stats.append(note)
    try:
        yield
    finally:
        bpy.app.handlers.render_stats.remove(note)
