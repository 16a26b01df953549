"""Renders an imported asset: one Cycles render for each view, into a multilayer EXR with every pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.maths.framing import Shot, frame_views
from cyclorama_blender.maths.surface import Numbers
from cyclorama_blender.maths.views import arrange
from cyclorama_blender.protocol.contract import Answer, Json, vector
from cyclorama_blender.protocol.render_spec import SENSOR_WIDTH_MM, RenderSpec
from cyclorama_blender.scene.render import cycles_setup
from cyclorama_blender.scene.render.device import choose_device
from cyclorama_blender.scene.render.lighting import light_scene
from cyclorama_blender.scene.staging.staged_scene import stage_scene


def render(options: Json, input_path: Path, output_dir: Path, warnings: list[str]) -> Answer:
    """Renders the imported scene.

    Args:
        options: a ModalitiesOp.
        input_path: the asset; the HDR image is beside it.
        output_dir: folder for `view_000.exr` and so on.
        warnings: warnings of the import.

    Raises:
        RuntimeFailure: `no_geometry`, `gpu_unavailable`, `invalid_asset`.
    """
    spec = RenderSpec.from_json(options.get("spec", {}))
    staged = stage_scene(input_path, spec.object_scale)
    cycles_setup.configure(staged.scene, spec)
    device = choose_device(staged.scene, require_gpu=bool(options.get("requireGpu")))
    hdr = options.get("hdrFile", "")
    light_scene(staged.scene, spec.lighting, input_path.parent / hdr if hdr else None)
    camera = Intrinsics.of(spec)
    shots = frame_views(staged.parts, arrange(spec.views), camera, spec.framing_margin)
    cut = [f"{shot.view.name}: the object leaves the image" for shot in shots if not shot.inside]
    found = (*warnings, *staged.warnings, *cut)
    placement = staged.placement
    message = {
        "views": _render_views(staged.scene, shots, camera, output_dir),
        "box": _box(*placement.box),
        "assetBox": _box(placement.low, placement.high),
        "translation": vector(*placement.translation),
        "scale": placement.scale,
        "frame": staged.frame,
        "focalLengthMm": camera.focal_length_mm,
        "sensorWidthMm": SENSOR_WIDTH_MM,
        "device": device,
        "blenderVersion": bpy.app.version_string,
        "strayVertices": str(staged.strays),
        "warnings": list(found),
    }
    return Answer("rendering", message, found)


def _render_views(scene: bpy.types.Scene, shots: Sequence[Shot], camera: Intrinsics, folder: Path) -> list[Json]:
    lens = bpy.data.cameras.new("cyclorama camera")
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR_WIDTH_MM
    lens.lens = camera.focal_length_mm
    eye = bpy.data.objects.new("cyclorama camera", lens)
    scene.collection.objects.link(eye)
    scene.camera = eye
    # Cycles keeps the scene between views, so that it builds it only once.
    scene.render.use_persistent_data = len(shots) > 1
    return [_render_view(scene, shot, folder) for shot in shots]


def _render_view(scene: bpy.types.Scene, shot: Shot, folder: Path) -> Json:
    view, eye = shot.view, scene.camera
    eye.matrix_world = Matrix(view.pose)
    eye.data.clip_start, eye.data.clip_end = shot.clip_start, shot.clip_end
    file = folder / f"{view.name}.exr"
    scene.render.filepath = str(file)
    since = time.perf_counter()
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return {
        "name": view.name,
        "file": file.name,
        "worldFromCamera": [float(number) for number in view.pose.ravel()],
        "lookAt": vector(*view.target),
        "clipStart": shot.clip_start,
        "clipEnd": shot.clip_end,
        "framed": view.framed,
        "renderSeconds": round(time.perf_counter() - since, 6),
    }


def _box(low: Numbers, high: Numbers) -> Json:
    return {"min": vector(*np.asarray(low)), "max": vector(*np.asarray(high))}
