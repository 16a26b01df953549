"""What the process with Blender does: imports assets, describes and renders them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy

from cyclorama_blender.protocol.contract import Answer, Request
from cyclorama_blender.scene.asset import importers, inspection, session
from cyclorama_blender.scene.render import cycles_setup, heartbeat, modalities, selftest

OPS = ("inspect", "selftest", "modalities")


def start(threads: int) -> str:
    """Checks and empties Blender, which renders with so many threads, 0 for all; returns its version."""
    session.check_version()
    cycles_setup.use_threads(threads)
    session.reset()
    return bpy.app.version_string


def perform(request: Request, enter: Callable[[str], None]) -> Answer:
    """Does what the request asks, in an empty scene; `enter` is told which stage begins, and again that it moves on."""
    if request.op == "selftest":
        enter("selftest")
        return selftest.selftest()
    enter("import")
    warnings = importers.import_asset(Path(request.input_path))
    if request.op == "modalities":
        enter("render")
        with heartbeat.told(lambda: enter("render")):
            return modalities.render(request.options, Path(request.input_path), Path(request.output_dir), warnings)
    enter("inspect")
    return inspection.inspect_scene(warnings)


def reset() -> None:
    """Empties Blender."""
    session.reset()
