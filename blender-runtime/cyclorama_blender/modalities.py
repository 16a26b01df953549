"""Renders an imported asset: one Cycles render a view, each into a multilayer EXR with every pass."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from cyclorama_blender import cycles, stage
from cyclorama_blender.camera import Intrinsics
from cyclorama_blender.contract import Answer, Json, vector
from cyclorama_blender.device import choose_device
from cyclorama_blender.failure import RuntimeFailure
from cyclorama_blender.framing import Placed, Shot, frame_views, place_object
from cyclorama_blender.lighting import light_scene
from cyclorama_blender.render_spec import SENSOR_WIDTH_MM, RenderSpec
from cyclorama_blender.surface import Numbers
from cyclorama_blender.views import arrange


def render(options: Json, input_path: Path, output_dir: Path, warnings: list[str]) -> Answer:
    """Renders the scene that the importer left.

    Args:
        options: a ModalitiesOp.
        input_path: the asset; the HDR image lies beside it.
        output_dir: takes `view_000.exr` and so on.
        warnings: what the import had to say.

    Raises:
        RuntimeFailure: `no_geometry`, `gpu_unavailable`, `invalid_asset`.
    """
    spec = RenderSpec.from_json(options.get("spec", {}))
    source = bpy.context.scene
    found = list(warnings)
    solids = stage.freeze(bpy.context.evaluated_depsgraph_get())
    if not solids:
        raise RuntimeFailure("no_geometry", f"'{input_path.name}' shows no face; expected at least one")
    placement = place_object([part for solid in solids for part in solid.parts], spec.object_scale)
    scene = stage.build_scene(solids, placement.matrix)
    cycles.configure(scene, spec)
    device = choose_device(scene, require_gpu=bool(options.get("requireGpu")))
    hdr = options.get("hdrFile", "")
    light_scene(scene, spec.lighting, input_path.parent / hdr if hdr else None)
    camera = Intrinsics.of(spec)
    parts = [Placed(part.points, placement.matrix @ part.place) for solid in solids for part in solid.parts]
    shots = frame_views(parts, arrange(spec.views), camera, spec.framing_margin)
    found += [f"{shot.view.name}: the object leaves the image" for shot in shots if not shot.inside]
    message = {
        "views": _render_views(scene, shots, camera, output_dir),
        "box": _box(*placement.box),
        "assetBox": _box(placement.low, placement.high),
        "translation": vector(*placement.translation),
        "scale": placement.scale,
        "frame": source.frame_current_final,
        "focalLengthMm": camera.focal_length_mm,
        "sensorWidthMm": SENSOR_WIDTH_MM,
        "device": device,
        "blenderVersion": bpy.app.version_string,
        "strayVertices": "0",
        "warnings": found,
    }
    return Answer("rendering", message, tuple(found))


def _render_views(scene: bpy.types.Scene, shots: Sequence[Shot], camera: Intrinsics, folder: Path) -> list[Json]:
    lens = bpy.data.cameras.new("cyclorama camera")
    lens.sensor_fit, lens.sensor_width = "HORIZONTAL", SENSOR_WIDTH_MM
    lens.lens = camera.focal_length_mm
    eye = bpy.data.objects.new("cyclorama camera", lens)
    scene.collection.objects.link(eye)
    scene.camera = eye
    # Keeps the scene in Cycles between views, which saves its building.
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
