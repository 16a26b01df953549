"""What the process beside Blender does: makes images of rendered passes. No bpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cyclorama_blender.imaging import derive
from cyclorama_blender.protocol.contract import Answer, Request

OPS = ("derive",)


def start(_threads: int) -> str:
    """Has nothing to prepare, and no Blender to name; numpy heeds the environment."""
    return ""


def perform(request: Request, enter: Callable[[str], None]) -> Answer:
    """Does what the request asks; `enter` is told which stage begins."""
    return derive.derive(request.options, Path(request.input_path), Path(request.output_dir), enter)


def reset() -> None:
    """Keeps nothing between requests."""
