"""The staged scene looks like the file's own scene under the same light and from the same camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Vector
from props import read_passes, shoot

from cyclorama_blender.protocol.render_spec import RenderSpec
from cyclorama_blender.scene.asset import importers, session
from cyclorama_blender.scene.render import cycles_setup

SAMPLES = Path(__file__).parents[4] / "samples"
SPEC = {"width": 96, "height": 96, "samples": 8, "denoising": "DENOISING_OFF"}


def shoot_source(message: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Renders the imported scene from our camera's pose."""
    ours, source = bpy.data.scenes["cyclorama"], bpy.context.scene
    [view] = message["views"]
    world_from_camera = Matrix(np.array(view["worldFromCamera"]).reshape(4, 4))
    asset_from_world = Matrix.Translation([-message["translation"].get(axis, 0.0) for axis in "xyz"])
    eye = bpy.data.objects.new("eye", ours.camera.data)
    source.collection.objects.link(eye)
    eye.matrix_world = asset_from_world @ world_from_camera
    source.camera, source.world = eye, ours.world
    for thing in source.objects:
        thing.hide_render = thing.hide_render or thing.type == "LIGHT"
    cycles_setup.configure(source, RenderSpec.from_json(SPEC))
    source.render.filepath = str(folder / "source.exr")
    bpy.ops.render.render(write_still=True, scene=source.name)
    return read_passes(folder / "source.exr")


@pytest.mark.parametrize("name", ["alien", "robot", "truck", "girl", "fox", "chair", "living-room"])
def test_a_sample_looks_on_our_stage_as_in_its_own_scene(tmp_path: Path, name: str) -> None:
    session.reset()
    importers.import_asset(SAMPLES / f"{name}.glb")
    message, [ours] = shoot(tmp_path, SPEC, f"{name}.glb")
    if message["scale"] != 1:
        pytest.fail(f"'{name}' is scaled by {message['scale']}; expected a sample of ordinary size")
    source = shoot_source(message, tmp_path)
    shown = ours["combined"][..., 3] > 0.5
    assert np.mean(shown != (source["combined"][..., 3] > 0.5)) < 0.005
    # The seed is the same but the objects differ, so the noise differs.
    difference = np.abs(ours["combined"] - source["combined"])[shown]
    assert np.mean(difference) < 0.03
    assert np.mean(np.abs(ours["depth"] - source["depth"])[shown] < 1e-3 * Vector(ours_position(message)).length) > 0.97


def ours_position(message: dict[str, Any]) -> tuple[float, float, float]:
    matrix = np.array(message["views"][0]["worldFromCamera"]).reshape(4, 4)
    x, y, z = matrix[:3, 3]
    return x, y, z
