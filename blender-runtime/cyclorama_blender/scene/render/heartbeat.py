"""Signs of life of a render: while a GPU computes, the process itself may idle for minutes, as one that hangs does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy

EVERY_SECONDS = 2.0
"""At most so often."""


@contextmanager
def render_heartbeat(on_progress: Callable[[], None]) -> Iterator[None]:
    """Calls `on_progress` from Cycles' own thread whenever the render status changes.

    Without a window Cycles takes samples in rounds that it plans to last 30 seconds, more where a GPU is not full, and
    reports after each and at every step before the first. A render that hangs reports nothing.
    """
    reported_at, reported_status = time.monotonic(), ""

    def on_stats(stats: str, *_: object) -> None:
        nonlocal reported_at, reported_status
        # What stands before are time and memory, which differ from call to call.
        status = stats.rpartition(" | ")[2]
        if status == reported_status or time.monotonic() - reported_at < EVERY_SECONDS:
            return
        reported_at, reported_status = time.monotonic(), status
        on_progress()

    bpy.app.handlers.render_stats.append(on_stats)
    try:
        yield
    finally:
        bpy.app.handlers.render_stats.remove(on_stats)
