"""Surfaces that enclose others and face inwards are visible only from inside, if their material culls back faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from props import add_ball, add_cube, add_material, shoot

SPEC = {"samples": 16, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}}
MATT = {"Roughness": 1.0, "Specular_IOR_Level": 0.0}


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def add_shell(size: float, *, inwards: bool = True, culls: bool = True) -> Any:
    """Adds a black cube around the origin."""
    shell = add_cube(size, name="shell")
    if inwards:
        shell.data.flip_normals()
    add_material(shell, Base_Color=(0, 0, 0, 1), **MATT).use_backface_culling = culls
    return shell


def light_and_depth(folder: Path) -> tuple[list[str], Any, float]:
    """Returns the warnings, the light in the middle of the image, and its surface's distance from the origin."""
    message, (seen,) = shoot(folder, SPEC)
    eye = np.array(message["views"][0]["worldFromCamera"]).reshape(4, 4)[:3, 3]
    middle = np.median(seen["combined"][44:52, 44:52, :3], axis=(0, 1))
    return message["warnings"], middle, float(np.linalg.norm(eye)) - float(seen["depth"][48, 48])


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_toon_is_seen_through_the_shell_that_outlines_it(tmp_path: Path, mirrored: bool) -> None:
    add_material(add_ball(0.5, segments=64), Base_Color=(0.8, 0.5, 0.2, 1), **MATT)
    shell = add_shell(1.1)
    shell.scale.x = -1 if mirrored else 1
    warnings, light, towards_camera = light_and_depth(tmp_path)
    assert warnings == ["material 'material.001' encloses others and faces inwards; it is seen from inside alone"]
    # The shell keeps no light from it: uniform light has radiance 0.95.
    np.testing.assert_allclose(light, [0.76, 0.475, 0.19], rtol=0.03)
    assert towards_camera == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("shell", [{"inwards": False}, {"culls": False}])
def test_a_shell_that_faces_outwards_or_has_two_sides_hides_what_is_in_it(tmp_path: Path, shell: Any) -> None:
    add_material(add_ball(0.5, segments=64), **MATT)
    add_shell(1.1, **shell)
    warnings, light, _ = light_and_depth(tmp_path)
    assert warnings == []
    assert light.max() < 0.01


def test_what_encloses_nothing_keeps_its_back(tmp_path: Path) -> None:
    add_material(add_cube(0.2, at=(3, 0, 0)), **MATT)
    shell = add_shell(1.1)
    shell.location.x = -3
    message, _ = shoot(tmp_path, SPEC)
    assert message["warnings"] == []


def test_a_room_of_single_walls_is_seen_into(tmp_path: Path) -> None:
    add_material(add_cube(0.5, name="chair"), **MATT)
    room = add_shell(2.0)
    wall = room.data.copy()
    # Half of the room is another mesh, but all faces of one material are tested together.
    for mesh, kept in ((room.data, slice(0, 3)), (wall, slice(3, 6))):
        points = [tuple(vertex.co) for vertex in mesh.vertices]
        faces = [tuple(polygon.vertices) for polygon in mesh.polygons][kept]
        mesh.clear_geometry()
        mesh.from_pydata(points, [], faces)
    other = room.copy()
    other.data = wall
    room.users_collection[0].objects.link(other)
    warnings, light, towards_camera = light_and_depth(tmp_path)
    assert len(warnings) == 1
    assert light.min() > 0.1
    assert towards_camera < 0.5
