"""Objects behind glass are visible and lit; unlit materials light nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltf_walls import write_walls
from props import add_ball, add_cube, add_material, add_mesh, shoot

from cyclorama_blender.scene.asset import importers, session

SPEC = {"samples": 64, "width": 48, "height": 48, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}}


def light_of_a_globe(folder: Path, under_glass: bool) -> Any:
    """Returns the light in the middle of the image."""
    session.reset()
    globe = add_ball(0.4, segments=64)
    add_material(globe, Base_Color=(0.6, 0.6, 0.2, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    if under_glass:
        outside, inside = add_ball(0.55, segments=64), add_ball(0.53, segments=64)
        inside.data.flip_normals()
        for side in (outside, inside):
            add_material(side, Base_Color=(1, 1, 1, 1), Transmission_Weight=1.0, Roughness=0.0)
    _, (seen,) = shoot(folder, SPEC)
    return np.mean(seen["combined"][20:28, 20:28, :3], axis=(0, 1))


def test_what_is_enclosed_by_glass_is_lit_through_it(tmp_path: Path) -> None:
    bare, under_glass = (light_of_a_globe(tmp_path, glass) for glass in (False, True))
    # Without caustics it has an eighth of the light. Blender's filter of glossy light keeps it below the full light.
    assert (under_glass[:2] > 0.6 * bare[:2]).all()


def import_unlit_wall(folder: Path) -> None:
    session.reset()
    unlit = {"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 0, 1]}, "extensions": {"KHR_materials_unlit": {}}}
    importers.import_asset(write_walls(folder / "asset.gltf", [unlit]))


def test_an_unlit_surface_is_seen_through_glass(tmp_path: Path) -> None:
    import_unlit_wall(tmp_path)
    pane = add_cube(0.9)
    pane.location.y = -0.6
    add_material(pane, Base_Color=(1, 1, 1, 1), Transmission_Weight=1.0, Roughness=0.0)
    _, (seen,) = shoot(tmp_path, SPEC, "asset.gltf")
    red, green, blue = np.mean(seen["combined"][24:28, 22:26, :3], axis=(0, 1))
    assert red == pytest.approx(green, rel=0.01)
    assert red > 0.8 > 0.3 > blue


def test_an_unlit_surface_lights_nothing(tmp_path: Path) -> None:
    import_unlit_wall(tmp_path)
    floor = add_mesh([(-0.5, -1, -0.5), (0.5, -1, -0.5), (0.5, 0, -0.5), (-0.5, 0, -0.5)], [(0, 1, 2, 3)])
    add_material(floor, Roughness=1.0)
    spec = {**SPEC, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM", "strength": 0.01}}
    _, (seen,) = shoot(tmp_path, spec, "asset.gltf")
    light = seen["combined"][..., 0]
    below = (light > 0) & (seen["normal"][..., 2] > 0.99)
    assert below.sum() > 100
    assert light[below].mean() < 0.02
