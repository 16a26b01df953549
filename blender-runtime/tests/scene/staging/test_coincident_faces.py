"""Faces that lie exactly on others of another material are visible and lit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from props import add_cube, add_material, add_mesh, shoot

SPEC = {"samples": 16, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}}
ORANGE, BLUE = (0.8, 0.4, 0.1, 1), (0.1, 0.2, 0.8, 1)
WALL = [(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)]


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def paint(thing: Any, color: tuple[float, ...]) -> None:
    add_material(thing, Base_Color=color, Roughness=1.0, Specular_IOR_Level=0.0)


def assert_lit(folder: Path, color: tuple[float, ...], moved: int) -> None:
    message, (seen,) = shoot(folder, SPEC)
    assert message["warnings"] == [f"faces moved apart that lie exactly on another one: {moved}"]
    light = np.median(seen["combined"][60:68, 44:52, :3], axis=(0, 1))
    # Uniform light has radiance 0.95.
    np.testing.assert_allclose(light, 0.95 * np.array(color[:3]), rtol=0.05)


def test_a_wall_of_two_objects_shows_its_front(tmp_path: Path) -> None:
    front, back = add_cube(), add_cube()
    back.data.flip_normals()
    paint(front, ORANGE)
    paint(back, BLUE)
    assert_lit(tmp_path, ORANGE, 6)


@pytest.mark.parametrize("turned", [1, -1])
def test_a_front_and_a_back_may_share_their_vertices(tmp_path: Path, turned: int) -> None:
    faces = [(0, 1, 2, 3), (3, 2, 1, 0)][::turned]
    wall = add_mesh(WALL, faces)
    paint(wall, ORANGE if turned == 1 else BLUE)
    paint(wall, BLUE if turned == 1 else ORANGE)
    wall.data.polygons[1].material_index = 1
    assert_lit(tmp_path, ORANGE, 1)


def test_a_decal_lies_on_what_it_is_stuck_to(tmp_path: Path) -> None:
    for color in (BLUE, ORANGE):
        paint(add_mesh(WALL, [(0, 1, 2, 3)]), color)
    assert_lit(tmp_path, ORANGE, 1)


def test_faces_that_lie_on_no_other_stay(tmp_path: Path) -> None:
    thing = add_cube()
    paint(thing, ORANGE)
    paint(thing, BLUE)
    paint(add_cube(at=(1, 0, 0)), BLUE)
    message, _ = shoot(tmp_path, SPEC)
    assert message["warnings"] == []
