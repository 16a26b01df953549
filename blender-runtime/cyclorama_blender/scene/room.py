"""Holds the operations of the process with Blender: it imports assets, describes them and renders them."""

from __future__ import annotations

from pathlib import Path

import bpy

from cyclorama_blender.protocol.contract import Answer, Enter, Op, Request
from cyclorama_blender.scene.asset import importers, inspection, session
from cyclorama_blender.scene.render import cycles_setup, heartbeat, modalities, selftest


def start(threads: int) -> str:
    """Checks and empties Blender, sets the number of render threads (0: one for each core), and returns its version."""
    session.check_version()
    cycles_setup.use_threads(threads)
    session.reset()
    return bpy.app.version_string


def reset() -> None:
    """Empties Blender."""
    session.reset()


def _inspect(request: Request, enter: Enter) -> Answer:
    warnings = _import(request, enter)
    enter("inspect")
    return inspection.inspect_scene(warnings)


def _selftest(_request: Request, enter: Enter) -> Answer:
    enter("selftest")
    return selftest.selftest()


def _render(request: Request, enter: Enter) -> Answer:
    warnings = _import(request, enter)
    enter("render")
    with heartbeat.render_heartbeat(lambda: enter("render")):
        return modalities.render(request.options, Path(request.input_path), Path(request.output_dir), warnings)


def _import(request: Request, enter: Enter) -> list[str]:
    enter("import")
    return importers.import_asset(Path(request.input_path))


OPS: dict[str, Op] = {"inspect": _inspect, "selftest": _selftest, "modalities": _render}
"""Maps the name of a request's op to the function that performs it in an empty scene."""
