"""Vertices that are far away from the rest are strays."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.maths.strays import Cloud, find_strays

HERE = np.eye(4)[None]


def ball(count: int = 500) -> np.ndarray:
    points = np.random.default_rng(5).normal(size=(count, 3))
    return (points / np.linalg.norm(points, axis=1)[:, None]).astype(np.float32)


def place(x: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[0, 3] = x
    return matrix


def test_a_whole_object_has_none() -> None:
    (found,) = find_strays([Cloud(ball(), HERE)])
    assert found.count == 0 and not found.points.any() and not found.places.any()


@pytest.mark.parametrize("count", [24, 5000])
@pytest.mark.parametrize("x", [0, 1e7])
def test_one_vertex_at_a_billion_is_one_even_in_a_small_mesh_and_wherever_it_stands(count: int, x: float) -> None:
    points = np.concatenate([ball(count), [[1e9, 0, 0]]]).astype(np.float32)
    (found,) = find_strays([Cloud(points, place(x)[None])])
    assert np.flatnonzero(found.points).tolist() == [count]
    assert found.count == 1


@pytest.mark.parametrize(("near", "far", "strays"), [(16, 4, 4), (15, 4, 0), (24, 5, 0), (495, 5, 5), (494, 6, 0)])
def test_few_are_four_that_are_a_fifth_or_one_in_a_hundred(near: int, far: int, strays: int) -> None:
    points = np.concatenate([ball(near), np.full((far, 3), 1e9)]).astype(np.float32)
    (found,) = find_strays([Cloud(points, HERE)])
    assert found.count == strays


def test_vertices_that_are_not_finite_always_are() -> None:
    points = ball(10)
    points[3, 1], points[7, 0] = np.nan, np.inf
    (found,) = find_strays([Cloud(points, HERE)])
    assert np.flatnonzero(found.points).tolist() == [3, 7]


def test_a_far_ground_of_many_vertices_is_part_of_the_scene() -> None:
    far = ball(500) * np.float32(1e6)
    near, ground = find_strays([Cloud(ball(), HERE), Cloud(far, HERE)])
    assert near.count == ground.count == 0


def test_a_copy_far_away_goes_without_the_others() -> None:
    places = np.array([place(x) for x in range(200)] + [place(1e9)])
    (found,) = find_strays([Cloud(ball(50), places)])
    assert not found.points.any()
    assert np.flatnonzero(found.places).tolist() == [200]
    assert found.count == 50


def test_a_place_that_is_not_finite_goes() -> None:
    broken = place(np.nan)
    (found,) = find_strays([Cloud(ball(50), np.array([place(0), broken]))])
    assert found.places.tolist() == [False, True]


def test_a_large_asset_far_from_the_origin_is_no_stray() -> None:
    (found,) = find_strays([Cloud(ball(), np.array([place(1e9)]))])
    assert found.count == 0


def test_nothing_at_all_has_none() -> None:
    (found,) = find_strays([Cloud(np.empty((0, 3), np.float32), HERE)])
    assert found.count == 0
