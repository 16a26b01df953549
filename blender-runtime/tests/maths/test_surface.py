"""Tables of surfaces are counted and measured: solids, holes, edges of more than two polygons, faces without area."""

from __future__ import annotations

import math
import time
from dataclasses import astuple

import numpy as np
import pytest

from cyclorama_blender.maths.surface import MeshArrays, Surface, SurfaceCounts, describe_surface

Polygons = list[list[int]]

CUBE_POINTS = [(x, y, z) for z in (0, 1) for y in (0, 1) for x in (0, 1)]
CUBE = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
TRIANGULATED_CUBE = [[q[0], q[i], q[i + 1]] for q in CUBE for i in (1, 2)]
TRIANGLE_POINTS = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]


def arrays(points: list[tuple[float, ...]], polygons: Polygons, edges: Polygons | None = None) -> MeshArrays:
    """Makes a mesh with the edges of its polygons, as an importer does, and loose edges."""
    sides = [tuple(sorted((polygon[i - 1], polygon[i]))) for polygon in polygons for i in range(len(polygon))]
    known = sorted(set(sides))
    return MeshArrays(
        points=np.array(points, dtype=np.float32).reshape(-1, 3),
        corner_vertices=np.array([corner for polygon in polygons for corner in polygon], dtype=np.int32),
        corner_edges=np.array([known.index(side) for side in sides], dtype=np.int32),
        corner_totals=np.array([len(polygon) for polygon in polygons], dtype=np.int32),
        edge_vertices=np.array([*known, *(edges or [])], dtype=np.int32).reshape(-1, 2),
    )


def described(points: list[tuple[float, ...]], polygons: Polygons, edges: Polygons | None = None) -> Surface:
    return describe_surface(arrays(points, polygons, edges))


def torn(points: list[tuple[float, ...]], polygons: Polygons) -> Surface:
    """Returns the same surface with separate vertices for every corner, as if every edge were a seam."""
    corners = iter(range(100_000))
    return described(
        [points[i] for polygon in polygons for i in polygon], [[next(corners) for _ in p] for p in polygons]
    )


def moved(points: list[tuple[float, ...]], by: float) -> list[tuple[float, ...]]:
    return [(x + by, y, z) for x, y, z in points]


def shifted(polygons: Polygons, by: int) -> Polygons:
    return [[corner + by for corner in polygon] for polygon in polygons]


def moebius(segments: int) -> tuple[list[tuple[float, ...]], Polygons]:
    points = []
    for i in range(segments):
        turn, twist = 2 * math.pi * i / segments, math.pi * i / segments
        for side in (-0.3, 0.3):
            radius = 1 + side * math.cos(twist)
            points.append((radius * math.cos(turn), radius * math.sin(turn), side * math.sin(twist)))
    quads = [[2 * i, 2 * i + 2, 2 * i + 3, 2 * i + 1] for i in range(segments - 1)]
    # The strip is twisted by half a turn: its last side meets the first one upside down.
    return points, [*quads, [2 * segments - 2, 1, 0, 2 * segments - 1]]


MOEBIUS = moebius(12)
TWO_CUBES = ([*CUBE_POINTS, *moved(CUBE_POINTS, 5)], [*CUBE, *shifted(CUBE, 8)])
# Two cubes meet along x = 1, y = 1, with four polygons at one edge.
EDGE_TO_EDGE = ([*CUBE_POINTS, *((x + 1, y + 1, z) for x, y, z in CUBE_POINTS)], [*CUBE, *shifted(CUBE, 8)])
FAN_POINTS = [(0, 0, 0), (0, 0, 1), (1, 0, 0), (0, 1, 0), (-1, -1, 0)]


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (([], []), {}),
        ((TRIANGLE_POINTS, [[0, 1, 2]]), {"positions": 3, "edges": 3, "boundary_edges": 3, "connected_parts": 1}),
        ((CUBE_POINTS, CUBE), {"positions": 8, "edges": 12, "connected_parts": 1}),
        ((CUBE_POINTS, TRIANGULATED_CUBE), {"positions": 8, "edges": 18, "connected_parts": 1}),
        ((CUBE_POINTS, CUBE[1:]), {"positions": 8, "edges": 12, "boundary_edges": 4, "connected_parts": 1}),
        (TWO_CUBES, {"positions": 16, "edges": 24, "connected_parts": 2}),
        (EDGE_TO_EDGE, {"positions": 14, "edges": 23, "non_manifold_edges": 1, "connected_parts": 1}),
        (
            (FAN_POINTS, [[0, 1, 2], [0, 1, 3], [0, 1, 4]]),
            {"positions": 5, "edges": 7, "boundary_edges": 6, "non_manifold_edges": 1, "connected_parts": 1},
        ),
        (
            (TRIANGLE_POINTS, [[0, 1, 2], [2, 1, 0]]),
            {"positions": 3, "edges": 3, "duplicate_faces": 1, "connected_parts": 1},
        ),
        (
            (TRIANGLE_POINTS, [[0, 1, 2], [1, 2, 0]]),
            {"positions": 3, "edges": 3, "winding_conflicts": 3, "duplicate_faces": 1, "connected_parts": 1},
        ),
        (
            (CUBE_POINTS, [*CUBE[:-1], CUBE[-1][::-1]]),
            {"positions": 8, "edges": 12, "winding_conflicts": 4, "connected_parts": 1},
        ),
        (MOEBIUS, {"positions": 24, "edges": 36, "boundary_edges": 24, "winding_conflicts": 1, "connected_parts": 1}),
        ((TRIANGLE_POINTS, [[0, 1, 1]]), {"positions": 3, "degenerate_faces": 1}),
        (
            ([(0, 0, 0), (1, 1, 1), (3, 3, 3)], [[0, 1, 2]]),
            {"positions": 3, "edges": 3, "boundary_edges": 3, "degenerate_faces": 1, "connected_parts": 1},
        ),
        (
            (CUBE_POINTS, [*TRIANGULATED_CUBE, [0, 1, 1]]),
            {"positions": 8, "edges": 18, "degenerate_faces": 1, "connected_parts": 1},
        ),
    ],
    ids=[
        "nothing",
        "a triangle",
        "a cube",
        "a cube of triangles",
        "an open box",
        "two cubes",
        "two cubes edge to edge",
        "three pages of a book",
        "both sides of a triangle",
        "a triangle twice",
        "a cube with a side turned in",
        "a Moebius strip",
        "a face with a repeated corner",
        "a face on a line",
        "a cube and a face of no area",
    ],
)
@pytest.mark.parametrize("make", [described, torn])
def test_surfaces_are_counted_whether_or_not_they_are_torn_at_seams(mesh, expected: dict[str, int], make):
    points, polygons = mesh
    found = make(points, polygons).counts
    if make is torn:
        # `torn` drops vertices that no polygon uses, and so positions that only they have.
        expected = {**expected, "positions": len({points[i] for polygon in polygons for i in polygon})}
    loose = len(points) - len({i for polygon in polygons for i in polygon}) if make is described else 0
    assert found == SurfaceCounts(**{"loose_vertices": loose, **expected})


@pytest.mark.parametrize(
    ("mesh", "watertight", "volume", "area"),
    [
        ((CUBE_POINTS, CUBE), True, 1.0, 6.0),
        ((CUBE_POINTS, TRIANGULATED_CUBE), True, 1.0, 6.0),
        ((CUBE_POINTS, [polygon[::-1] for polygon in CUBE]), True, 1.0, 6.0),
        ((moved(CUBE_POINTS, 100), CUBE), True, 1.0, 6.0),
        (TWO_CUBES, True, 2.0, 12.0),
        ((CUBE_POINTS, CUBE[1:]), False, None, 5.0),
        (EDGE_TO_EDGE, False, None, 12.0),
        ((CUBE_POINTS, [*CUBE[:-1], CUBE[-1][::-1]]), True, None, 6.0),
        (([], []), False, None, 0.0),
    ],
    ids=["quads", "triangles", "inside out", "far away", "two", "open", "edge to edge", "a side turned in", "nothing"],
)
def test_area_and_volume_are_those_of_solids(mesh, watertight: bool, volume: float | None, area: float):
    surface = described(*mesh)
    assert surface.counts.is_watertight == watertight
    assert surface.counts.encloses_volume == (volume is not None)
    assert surface.area(np.eye(4)) == pytest.approx(area, rel=1e-12)
    if volume is not None:
        assert surface.volume(np.eye(4)) == pytest.approx(volume, rel=1e-9)


def test_a_hollow_is_taken_off_the_volume():
    hollow = [tuple(0.25 + 0.5 * c for c in point) for point in CUBE_POINTS]
    inwards = [polygon[::-1] for polygon in shifted(CUBE, 8)]
    surface = described([*CUBE_POINTS, *hollow], [*CUBE, *inwards])
    assert surface.volume(np.eye(4)) == pytest.approx(1 - 0.125)


@pytest.mark.parametrize(
    ("linear", "area", "volume"),
    [
        (np.diag([2, 2, 2]), 24.0, 8.0),
        (np.diag([1, 2, 3]), 22.0, 6.0),
        (np.diag([-1, 1, 1]), 6.0, 1.0),
        (np.diag([1, 1, 0]), 2.0, 0.0),
        (np.diag([0, 0, 0]), 0.0, 0.0),
        (np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]), 4 + 2 * math.sqrt(2), 1.0),
    ],
    ids=["larger", "stretched", "mirrored", "flattened", "vanished", "sheared"],
)
def test_area_and_volume_follow_the_place_in_the_world(linear: np.ndarray, area: float, volume: float):
    place = np.eye(4)
    place[:3, :3] = linear
    place[:3, 3] = (10, -20, 30)
    surface = described(CUBE_POINTS, CUBE)
    assert surface.area(place) == pytest.approx(area)
    assert surface.volume(place) == pytest.approx(volume)


def test_positive_and_negative_zero_are_one_position():
    points = [(0.0, 0, 0), (1, 0, 0), (0, 1, 0), (-0.0, 0, 0), (0, -1, 0), (1, -0.0, 0)]
    counts = described(points, [[0, 1, 2], [3, 4, 5]]).counts
    assert (counts.positions, counts.edges, counts.boundary_edges) == (4, 5, 4)


def test_nearly_equal_coordinates_are_two_positions():
    near = float(np.nextafter(np.float32(1), np.float32(2)))
    counts = described([*TRIANGLE_POINTS, (near, 0, 0), (1, 1, 0), (0, 1, 0)], [[0, 1, 2], [3, 4, 5]]).counts
    assert counts.positions == 5


@pytest.mark.parametrize("stretch", [1, 1 + 1e-7, 1 + 1e-4])
def test_the_area_is_that_of_a_rotation_with_a_scale_only_where_the_place_is_one(stretch: float):
    turn = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0], [0.48, 0.64, 0.6]])
    place = np.eye(4)
    place[:3, :3] = (3 * turn @ np.diag([stretch, 1, 1])).astype(np.float32)
    assert described(CUBE_POINTS, CUBE).area(place) == pytest.approx(18 + 36 * stretch, rel=1e-6)


def test_coordinates_that_are_not_finite_stay_out_of_the_area():
    points = [*TRIANGLE_POINTS, (math.nan, 0, 0), (math.inf, 0, 0)]
    surface = described(points, [[0, 1, 2], [0, 1, 3], [0, 1, 4]])
    assert surface.area(np.eye(4)) == pytest.approx(0.5)
    assert surface.counts.degenerate_faces == 0


def test_loose_vertices_and_edges_are_counted():
    points = [*TRIANGLE_POINTS, (5, 5, 5), (6, 6, 6), (7, 7, 7)]
    counts = described(points, [[0, 1, 2]], edges=[[3, 4]]).counts
    assert (counts.loose_vertices, counts.loose_edges) == (1, 1)


def test_a_polygon_of_many_corners_is_measured():
    corners = 1_000
    turns = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    points = [(math.cos(t), math.sin(t), 0.0) for t in turns]
    surface = described(points, [list(range(corners))])
    assert surface.area(np.eye(4)) == pytest.approx(corners / 2 * math.sin(2 * math.pi / corners), rel=1e-6)
    assert astuple(surface.counts) == (corners, corners, corners, 0, 0, 0, 0, 0, 0, 1)


def test_broken_polygons_of_fewer_than_three_corners_are_degenerate():
    assert described(TRIANGLE_POINTS, [[0, 1], [2]]).counts.degenerate_faces == 2


def test_a_million_triangles_take_less_than_two_seconds_of_processor_time():
    side = 708
    rows = np.arange(side * side, dtype=np.int32).reshape(side, side)
    a, b, c, d = (part.ravel() for part in (rows[:-1, :-1], rows[1:, :-1], rows[:-1, 1:], rows[1:, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    points = np.stack([x, y, np.sin(x) * np.cos(y)], -1).reshape(-1, 3).astype(np.float32)
    # Vertices in random order are the worst case for sorting; no exporter writes them.
    order = np.random.default_rng(1).permutation(len(points)).astype(np.int32)
    mesh = MeshArrays(
        points=points[np.argsort(order)],
        corner_vertices=order[triangles].ravel(),
        corner_edges=np.empty(0, np.int32),
        corner_totals=np.full(len(triangles), 3, np.int32),
        edge_vertices=np.empty((0, 2), np.int32),
    )
    keys = np.random.default_rng(2).permutation(len(mesh.corner_vertices))
    began = time.process_time()
    np.argsort(keys)
    # A slow or loaded machine gets the time of six sorts of as many corners; it takes about three.
    limit = max(2.0, 6 * (time.process_time() - began))
    began = time.process_time()
    counts = describe_surface(mesh).counts
    assert time.process_time() - began < limit
    assert (counts.connected_parts, counts.boundary_edges) == (1, 4 * (side - 1))


def test_counts_of_a_mesh_are_added_for_each_place():
    counts = described(CUBE_POINTS, CUBE).counts
    assert counts.times(3) == counts + counts + counts
