"""Reports that a render is alive: while a GPU computes, the process may idle for minutes and look as if it hung."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy

EVERY_SECONDS = 2.0
"""Least time between two reports, in seconds."""


@contextmanager
def render_heartbeat(on_progress: Callable[[], None]) -> Iterator[None]:
    """Calls `on_progress` from Cycles' own thread whenever the render status changes.

    Without a window Cycles takes samples in rounds of about 30 seconds, longer if the GPU is not fully used. Its status
    changes after each round and at every step before the first round. A render that hangs does not change it.
    """
    reported_at, reported_status = time.monotonic(), ""

    def on_stats(stats: str, *_: object) -> None:
        nonlocal reported_at, reported_status
        # The text before it has the time and the memory, which differ from call to call.
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
