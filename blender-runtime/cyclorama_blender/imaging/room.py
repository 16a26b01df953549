"""Holds the operation of the process beside Blender: it makes images of rendered passes. Imports no bpy."""

from __future__ import annotations

from pathlib import Path

from cyclorama_blender.imaging import derive
from cyclorama_blender.protocol.contract import Answer, Enter, Op, Request


def start(_threads: int) -> str:
    """Prepares nothing and returns no Blender version. The environment sets numpy's number of threads."""
    return ""


def reset() -> None:
    """Does nothing, since this process keeps nothing between requests."""


def _derive(request: Request, enter: Enter) -> Answer:
    return derive.derive(request.options, Path(request.input_path), Path(request.output_dir), enter)


OPS: dict[str, Op] = {"derive": _derive}
"""Maps the name of a request's op to the function that performs it."""
