"""Boxes and counts agree with numbers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.maths import bounds
from cyclorama_blender.maths.bounds import LocalMesh, WorldBounds
from cyclorama_blender.maths.topology import MeshCounts

IDENTITY = np.eye(4)


def moved(x: float, y: float, z: float, scale: float = 1.0) -> np.ndarray:
    matrix = np.diag([scale, scale, scale, 1.0])
    matrix[:3, 3] = (x, y, z)
    return matrix


def turned_about_z(degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


def test_a_box_is_empty_until_a_vertex_comes():
    box = WorldBounds()
    box.add(LocalMesh.from_points(np.zeros((0, 3), np.float32)), IDENTITY)
    assert box.is_empty
    assert not box.is_huge


def test_a_box_is_exact_around_vertices_and_not_around_their_turned_box():
    diamond = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32)
    box = WorldBounds()
    box.add(LocalMesh.from_points(diamond), turned_about_z(45))
    assert box.high == pytest.approx([np.sqrt(0.5), np.sqrt(0.5), 0], abs=1e-7)
    assert box.low == pytest.approx([-np.sqrt(0.5), -np.sqrt(0.5), 0], abs=1e-7)


def test_every_instance_grows_the_box():
    mesh = LocalMesh.from_points(np.array([[0, 0, 0], [1, 1, 1]], np.float32))
    box = WorldBounds()
    for matrix in (moved(10, 0, 0), moved(0, -5, 0, scale=2), moved(3, 0, 0)):
        box.add(mesh, matrix)
    assert box.low.tolist() == [0, -5, 0]
    assert box.high.tolist() == [11, 1, 2]


def test_random_instances_match_the_straightforward_box(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bounds, "CHUNK_VERTICES", 7)
    random = np.random.default_rng(1)
    points = random.normal(size=(50, 3)).astype(np.float32)
    matrices = [np.vstack([random.normal(size=(3, 4)), [0, 0, 0, 1]]) for _ in range(40)]
    box = WorldBounds()
    for matrix in matrices:
        box.add(LocalMesh.from_points(points), matrix)
    world = np.concatenate([points.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3] for matrix in matrices])
    assert box.low == pytest.approx(world.min(axis=0), abs=1e-12)
    assert box.high == pytest.approx(world.max(axis=0), abs=1e-12)


def test_vertices_that_are_not_finite_are_left_out_and_counted():
    points = np.array([[0, 0, 0], [np.nan, 1, 1], [1, np.inf, 1], [2, 2, 2]], np.float32)
    box = WorldBounds()
    box.add(LocalMesh.from_points(points), IDENTITY)
    assert box.dropped == 2
    assert box.high.tolist() == [2, 2, 2]


def test_an_instance_with_a_matrix_that_is_not_finite_is_left_out_and_counted():
    box = WorldBounds()
    box.add(LocalMesh.from_points(np.zeros((4, 3), np.float32)), moved(np.nan, 0, 0))
    assert box.is_empty
    assert box.dropped == 4


def test_a_box_at_the_end_of_single_precision_is_huge_but_finite():
    box = WorldBounds()
    box.add(LocalMesh.from_points(np.array([[1e38, 0, 0], [-1e38, 0, 0]], np.float32)), moved(0, 0, 0, scale=1e30))
    assert box.is_huge
    assert np.isfinite(box.high).all()


def test_polygons_are_told_apart_by_their_corners():
    counts = MeshCounts.from_corner_totals(20, np.array([3, 3, 4, 5, 12], np.int32))
    assert counts == MeshCounts(vertices=20, faces=5, triangles=2, quads=1, ngons=2)
    assert counts + counts == MeshCounts(vertices=40, faces=10, triangles=4, quads=2, ngons=4)
