"""Reads the memory use of this process from Linux."""

from __future__ import annotations

import resource
from pathlib import Path


def rss_bytes() -> int:
    """Returns the resident memory of this process in bytes."""
    resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident_pages * resource.getpagesize()
