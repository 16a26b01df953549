"""Faces that lie exactly on other faces are dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_cube, add_material, add_mesh, shoot

from cyclorama_blender.scene.staging.staged_scene import stage_scene

GLB = Path("asset.glb")
SQUARE = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 1.0), (0.0, 0.0, 1.0)]


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def faces_on_stage() -> int:
    return sum(len(thing.data.polygons) for thing in stage_scene(GLB, "METRIC").scene.objects if thing.type == "MESH")


@pytest.mark.parametrize("other", [(4, 5, 6, 7), (6, 7, 4, 5), (7, 6, 5, 4)])
def test_a_face_on_another_one_is_left_out_however_it_turns(other: tuple[int, ...]) -> None:
    add_mesh([*SQUARE, *SQUARE], [(0, 1, 2, 3), other])
    staged = stage_scene(GLB, "METRIC")
    assert staged.warnings == ("faces left out that lie exactly on another one of the same material: 1",)
    (thing,) = (thing for thing in staged.scene.objects if thing.type == "MESH")
    assert [tuple(face.vertices) for face in thing.data.polygons] == [(0, 1, 2, 3)]


def test_an_object_where_its_double_stands_is_left_out() -> None:
    cube = add_cube(1.0)
    for x in (0, 3, 0):
        other = bpy.data.objects.new("other", cube.data)
        other.location = (x, 0, 0)
        bpy.context.scene.collection.objects.link(other)
    staged = stage_scene(GLB, "METRIC")
    assert staged.warnings == ("objects left out that lie exactly on another one of the same material: 2",)
    assert sorted(part.place[0, 3] for part in staged.parts) == [-1.5, 1.5]


def test_a_face_of_another_material_stays() -> None:
    thing = add_mesh([*SQUARE, *SQUARE], [(0, 1, 2, 3), (4, 5, 6, 7)])
    for index in (0, 1):
        add_material(thing)
        thing.data.polygons[index].material_index = index
    assert faces_on_stage() == 2


def test_faces_that_share_corners_or_nearly_lie_on_each_other_stay() -> None:
    near = [(x, y + 1e-6, z) for x, y, z in SQUARE]
    add_mesh([*SQUARE, *near], [(0, 1, 2), (0, 2, 3), (0, 1, 3), (4, 5, 6, 7)])
    assert faces_on_stage() == 4


def test_materials_of_the_faces_that_stay_are_theirs() -> None:
    cube = add_cube(1.0)
    points = [tuple(vertex.co) for vertex in cube.data.vertices]
    faces = [tuple(face.vertices) for face in cube.data.polygons]
    bpy.data.objects.remove(cube)
    thing = add_mesh(points, faces + [face[::-1] for face in faces])
    for _ in range(6):
        add_material(thing)
    for face in thing.data.polygons:
        face.material_index = face.index % 6
    (kept,) = (thing for thing in stage_scene(GLB, "METRIC").scene.objects if thing.type == "MESH")
    assert [face.material_index for face in kept.data.polygons] == list(range(6))


def test_a_doubled_surface_is_as_bright_as_a_single_one(tmp_path: Path) -> None:
    spec = {"lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}, "samples": 16}
    means = []
    for faces in ([(0, 1, 2, 3)], [(0, 1, 2, 3), (7, 6, 5, 4)]):
        bpy.data.batch_remove(list(bpy.data.objects))
        add_mesh([*SQUARE, *SQUARE], faces)
        _, (seen,) = shoot(tmp_path, spec)
        means.append(seen["combined"][seen["depth"] < 1e9].mean(axis=0))
    np.testing.assert_allclose(means[1], means[0], rtol=0.01)
