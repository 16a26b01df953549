"""Edges of bodies whose wireframe is known are all found, and no others are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analytic import Eye, Seen, ball, box, front_eye, polyhedron, turned

from cyclorama_blender.imaging import edges
from cyclorama_blender.imaging.edges import Surface
from cyclorama_blender.maths import camera
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.render_spec import EdgeThresholds

TOLERANCE_PIXELS = 1.5
"""Largest distance in pixels between a pixel of a line and the true line."""


def lines_of(eye: Eye, seen: Seen, index: np.ndarray | None = None, degrees: float = 30, step: float = 0.01):
    surface = Surface(seen.depth, seen.mask, seen.normals, index)
    return edges.draw_edges(surface, eye.lens, degrees, step) == edges.LINE


def outline_of(mask: np.ndarray) -> np.ndarray:
    framed = np.pad(mask, 1, constant_values=True)
    return mask & ~(framed[2:, 1:-1] & framed[:-2, 1:-1] & framed[1:-1, 2:] & framed[1:-1, :-2])


def assert_only_outline(eye: Eye, seen: Seen, **options) -> None:
    np.testing.assert_array_equal(lines_of(eye, seen, **options), outline_of(seen.mask))


CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def cube_wireframe(eye: Eye, turn_degrees: float) -> np.ndarray:
    """Returns points (N, 2) in pixels, four a pixel, along the cube's edges that the camera sees."""
    axes = turned(turn_degrees)
    towards = axes.T @ eye.position
    points = []
    for first in range(8):
        for second in range(first + 1, 8):
            differing = np.flatnonzero(CORNERS[first] != CORNERS[second])
            if len(differing) != 1:
                continue
            # An edge is visible if one of its two faces is.
            sides = [CORNERS[first][axis] * towards[axis] > 1 for axis in range(3) if axis != differing[0]]
            if any(sides):
                ends, _ = camera.project(CORNERS[[first, second]] @ axes.T, eye.pose, eye.lens)
                count = int(4 * np.linalg.norm(ends[1] - ends[0]))
                points.append(ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, count)[:, None])
    assert len(points) == 9
    return np.concatenate(points)


def precision_and_recall(lines: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Returns the share of line pixels that are beside the truth, and the share of the truth beside line pixels."""
    rows, columns = np.nonzero(lines)
    found = np.stack((columns, rows), axis=1) + 0.5
    distances = np.linalg.norm(found[:, None, :] - truth[None, ::2, :], axis=-1)
    return float((distances.min(1) <= TOLERANCE_PIXELS).mean()), float((distances.min(0) <= TOLERANCE_PIXELS).mean())


@pytest.mark.parametrize("size", [128, 512])
@pytest.mark.parametrize("turn_degrees", [20, 30, 60])
def test_a_cubes_lines_are_its_nine_visible_edges(size: int, turn_degrees: float) -> None:
    eye = front_eye(6, size)
    lines = lines_of(eye, box(eye, (1, 1, 1), turn_degrees))
    precision, recall = precision_and_recall(lines, cube_wireframe(eye, turn_degrees))
    assert precision >= 0.99
    assert recall >= 0.99


def test_a_cubes_lines_are_one_to_two_pixels_wide() -> None:
    eye = front_eye(6, 512)
    lines = lines_of(eye, box(eye, (1, 1, 1), 30))
    assert not (lines[:-2] & lines[1:-1] & lines[2:])[:, 1:-1][
        (lines[1:-1, :-2] & lines[1:-1, 1:-1] & lines[1:-1, 2:])
    ].any()
    length = len(cube_wireframe(eye, 30)) / 4
    assert length * 0.9 < lines.sum() < length * 1.5


@pytest.mark.parametrize("size", [64, 256, 512])
@pytest.mark.parametrize(("distance", "field_of_view"), [(3.5, 40), (60, 2.4), (1.6, 90)])
def test_a_ball_has_its_outline_alone(size: int, distance: float, field_of_view: float) -> None:
    eye = front_eye(distance, size, field_of_view)
    assert_only_outline(eye, ball(eye))


@pytest.mark.parametrize("tilt_degrees", [0, 30, 60, 80, 85])
@pytest.mark.parametrize("turn_degrees", [0, 25])
def test_a_tilted_plane_has_its_outline_alone(tilt_degrees: float, turn_degrees: float) -> None:
    eye = front_eye(6, 256)
    toward = eye.position / np.linalg.norm(eye.position)
    side = turned(turn_degrees) @ np.array([1.0, 0, 0])
    side -= toward * (side @ toward)
    side /= np.linalg.norm(side)
    tilt = np.radians(tilt_degrees)
    normal = toward * np.cos(tilt) + np.cross(side, toward) * np.sin(tilt)
    up = np.cross(normal, side)
    normals = np.array([normal, -normal, side, -side, up, -up])
    seen = polyhedron(eye, normals, np.array([0, 1e-3, 1.5, 1.5, 1.5, 1.5]))
    front = np.isclose(seen.normals @ normal, 1, atol=1e-3)
    flat = Seen(np.where(front, seen.depth, np.float32(1e10)), np.where(front[..., None], seen.normals, 0))
    assert_only_outline(eye, flat)


def golden_directions(count: int) -> np.ndarray:
    """Returns directions that are spread evenly over a sphere."""
    at = np.arange(count) + 0.5
    polar, around = np.arccos(1 - 2 * at / count), np.pi * (1 + 5**0.5) * at
    return np.stack((np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)), axis=1)


@pytest.mark.parametrize("facets", [80, 200, 2000])
def test_a_smooth_shaded_ball_of_facets_has_its_outline_alone(facets: int) -> None:
    eye = front_eye(3.5, 256)
    seen = polyhedron(eye, golden_directions(facets), np.ones(facets), smooth=True)
    assert_only_outline(eye, seen)


def test_the_same_facets_shaded_flat_have_lines() -> None:
    eye = front_eye(3.5, 256)
    seen = polyhedron(eye, golden_directions(40), np.ones(40))
    assert lines_of(eye, seen).sum() > 2 * outline_of(seen.mask).sum()


def test_a_normal_map_on_a_wall_makes_no_lines() -> None:
    eye = front_eye(6, 256)
    wall = box(eye, (1.5, 1e-3, 1.5))
    random = np.random.default_rng(3)
    bumps = wall.normals + random.normal(0, 0.5, wall.normals.shape).astype(np.float32)
    bumps /= np.linalg.norm(bumps, axis=-1, keepdims=True)
    bumped = replace(wall, normals=np.where(wall.mask[..., None], bumps, 0).astype(np.float32))
    np.testing.assert_array_equal(lines_of(eye, bumped), lines_of(eye, wall))


def test_a_box_shaded_smooth_keeps_its_lines() -> None:
    eye = front_eye(6, 256)
    seen = box(eye, (1, 1, 1), 30)
    points = eye.position + seen.depth[..., None] * eye.rays
    round_normals = np.where(seen.mask[..., None], points / np.linalg.norm(points, axis=-1, keepdims=True), 0)
    _, recall = precision_and_recall(lines_of(eye, replace(seen, normals=round_normals)), cube_wireframe(eye, 30))
    assert recall >= 0.95


def card_before_wall(eye: Eye, gap: float) -> Seen:
    wall = polyhedron(eye, np.array([[0, -1.0, 0]]), np.array([0.0]))
    return box(eye, (0.5, 1e-4, 0.5), middle=(0, -gap, 0)).over(wall)


def test_a_step_of_depth_is_a_line_from_the_threshold_on() -> None:
    eye = front_eye(5, 256)
    inside = (slice(8, -8), slice(8, -8))
    assert lines_of(eye, card_before_wall(eye, 0.15))[inside].sum() > 200
    assert not lines_of(eye, card_before_wall(eye, 0.02))[inside].any()
    assert lines_of(eye, card_before_wall(eye, 0.02), step=0.002)[inside].sum() > 200
    assert not lines_of(eye, card_before_wall(eye, 0.15), step=0.1)[inside].any()


def test_a_step_of_depth_is_drawn_on_the_nearer_side_once() -> None:
    eye = front_eye(5, 256)
    seen = card_before_wall(eye, 0.5)
    lines = lines_of(eye, seen)
    card = seen.depth < box(eye, (9, 1e-3, 9)).depth - 0.1
    assert not (lines & ~card)[8:-8, 8:-8].any()
    row = lines[128, 8:-8]
    assert row.sum() == 2


def test_where_objects_meet_thresholds_are_half() -> None:
    eye = front_eye(5, 256)
    seen = card_before_wall(eye, 0.035)
    inside = (slice(8, -8), slice(8, -8))
    index = np.zeros(seen.depth.shape, np.float32)
    assert not lines_of(eye, seen, index)[inside].any()
    index[(seen.depth < card_before_wall(eye, 0.034).depth - 1e-4) & seen.mask] = 1
    assert lines_of(eye, seen, index)[inside].sum() > 200


def test_an_angle_below_the_threshold_is_no_line() -> None:
    eye = front_eye(6, 256)
    # The two sides of this roof differ by 40 degrees.
    slope = np.radians(20)
    normals = np.array([[np.sin(slope), -np.cos(slope), 0], [-np.sin(slope), -np.cos(slope), 0], [0, 1.0, 0]])
    roof = polyhedron(eye, normals, np.array([0.5, 0.5, 1.0]))
    middle = (slice(64, 192), slice(100, 156))
    assert lines_of(eye, roof)[middle].sum() == 128
    assert not lines_of(eye, roof, degrees=45)[middle].any()


def prism(eye: Eye, sides: int) -> Seen:
    """Returns an upright flat-shaded prism, as high as it is wide."""
    around = np.arange(sides) * 2 * np.pi / sides
    walls = np.stack((np.sin(around), -np.cos(around), np.zeros(sides)), axis=1)
    return polyhedron(eye, np.concatenate((walls, [[0, 0, 1.0], [0, 0, -1.0]])), np.ones(sides + 2))


@pytest.mark.parametrize("degrees", [29.9, 29.99, 30, 30.01, 30.1, 31])
@pytest.mark.parametrize("size", [256, 384, 512])
def test_a_line_at_the_threshold_is_whole_or_absent(size: int, degrees: float) -> None:
    eye = front_eye(4, size)
    seen = prism(eye, 12)
    # This is the noise of Cycles' float32 depth.
    steps = np.random.default_rng(5).integers(-2, 3, seen.depth.shape)
    seen = replace(seen, depth=np.where(seen.mask, seen.depth * (1 + steps * np.float32(2**-23)), seen.depth))
    lines = lines_of(eye, seen, degrees=degrees)
    shares = []
    for at in (-2, -1, 0, 1):
        across = np.radians(30 * at + 15)
        x, y = np.array([np.sin(across), -np.cos(across)]) / np.cos(np.radians(15))
        ends, _ = camera.project(np.array([[x, y, -0.9], [x, y, 0.9]]), eye.pose, eye.lens)
        points = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, size)[:, None]
        _, share = precision_and_recall(lines, points)
        shares.append(share)
    assert all(share < 0.05 or share > 0.97 for share in shares), shares


def test_the_sides_of_a_round_thing_of_twelve_are_no_lines_by_default_and_those_of_nine_are() -> None:
    eye = front_eye(4, 256)
    degrees = EdgeThresholds().crease_degrees
    count = {sides: int(lines_of(eye, prism(eye, sides), degrees=degrees).sum()) for sides in (9, 12, 360)}
    assert count[12] == pytest.approx(count[360], rel=0.05)
    assert count[9] > 1.3 * count[360]


def test_a_short_dash_by_itself_is_no_line() -> None:
    eye = front_eye(5, 256)
    wall = box(eye, (9, 1e-3, 9))
    for length, there in ((6, False), (24, True)):
        depth = wall.depth.copy()
        depth[100 : 100 + length, 128] -= np.float32(0.5)
        assert lines_of(eye, replace(wall, depth=depth))[8:-8, 8:-8].any() == there


def test_nothing_has_no_lines() -> None:
    empty = Seen(np.full((40, 50), 1e10, np.float32), np.zeros((40, 50, 3), np.float32))
    assert not lines_of(Eye(Intrinsics(50, 40, 40), np.eye(4)), empty).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 5)])
def test_the_smallest_images_are_drawn(shape: tuple[int, int]) -> None:
    full = Seen(np.full(shape, 2, np.float32), np.tile(np.float32([0, 0, 1]), (*shape, 1)))
    assert not lines_of(Eye(Intrinsics(shape[1], shape[0], 40), np.eye(4)), full).any()


def test_the_border_of_the_image_is_no_outline() -> None:
    eye = front_eye(1.2, 64)
    seen = ball(eye)
    assert seen.mask.all()
    assert not lines_of(eye, seen).any()


def test_lines_grow_with_the_image() -> None:
    assert [edges.line_width(side, side) for side in (16, 512, 1024, 2048, 4096)] == [1, 1, 1, 2, 4]
    eye = front_eye(4, 2048)
    lines = lines_of(eye, ball(eye))
    row = lines[1024]
    assert row.sum() == 4
    assert not (lines & ~ball(eye).mask).any()


def test_bands_leave_no_trace() -> None:
    eye = front_eye(6, 200)
    seen = box(eye, (1, 1, 1), 30)
    whole = lines_of(eye, seen)
    turned_round = Seen(seen.depth[::-1].copy(), seen.normals[::-1].copy())
    # Upside down the bands begin at other rows. The sharper side of a tie may change, but no lines may.
    other = lines_of(eye, turned_round)[::-1]
    near = np.zeros_like(whole)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near |= np.roll(whole, (down, right), (0, 1))
    assert not (other & ~near).any()
