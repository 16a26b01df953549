"""In a warm process the result of an asset does not depend on the assets before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from conftest import RUNTIME, Served
from props import add_cube, add_material, read_passes

SAMPLES = RUNTIME.parent / "samples"
SPEC = {"width": 64, "height": 64, "samples": 2}


@pytest.fixture
def odd(empty_scene: Any, tmp_path: Path) -> Path:
    """Saves a .blend with unusual settings and with our own names."""
    empty_scene.name = "cyclorama"
    cube = add_cube(3, name="cyclorama solid")
    add_material(cube, Base_Color=(1, 0, 0, 1))
    empty_scene.camera = bpy.data.objects.new("cyclorama camera", bpy.data.cameras.new("cyclorama camera"))
    empty_scene.collection.objects.link(empty_scene.camera)
    empty_scene.world = bpy.data.worlds.new("cyclorama")
    empty_scene.frame_set(50)
    empty_scene.unit_settings.scale_length = 0.01
    empty_scene.view_settings.exposure = 3
    empty_scene.cycles.film_exposure = 5
    render = empty_scene.render
    render.fps, render.use_simplify, render.use_border, render.use_crop_to_border = 7, True, True, True
    render.border_max_x = render.border_max_y = 0.3
    empty_scene.view_layers[0].material_override = cube.data.materials[0]
    empty_scene.view_layers.new("another")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "odd.blend"), copy=True)
    return tmp_path / "odd.blend"


def work(served: Served, path: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, np.ndarray]]:
    """Returns the inspection, the rendering without its times, and the passes."""
    folder.mkdir()
    inspection = served.inspect(path)["result"]["inspection"]
    request = {"requestId": "r", "inputPath": str(path), "outputDir": str(folder), "modalities": {"spec": SPEC}}
    rendering = served.send(json.dumps(request).encode())["result"]["rendering"]
    del rendering["views"][0]["renderSeconds"]
    return inspection, rendering, read_passes(folder / "view_000.exr")


def test_an_asset_comes_to_the_same_whatever_came_before_it(served: Served, odd: Path, tmp_path: Path) -> None:
    *alone, passes = work(served, SAMPLES / "robot.glb", tmp_path / "alone")
    work(served, odd, tmp_path / "odd")
    assert "failure" in served.inspect(SAMPLES / "truncated.glb")
    work(served, SAMPLES / "girl.glb", tmp_path / "girl")
    *after, passes_after = work(served, SAMPLES / "robot.glb", tmp_path / "after")
    assert after == alone
    for name, values in passes.items():
        np.testing.assert_allclose(passes_after[name], values, rtol=0, atol=1e-6 if name == "combined" else 0)
