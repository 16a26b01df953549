"""The object is placed at the origin, and the cameras are placed so that it fills their images."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.maths.camera import Intrinsics, project, to_camera
from cyclorama_blender.maths.framing import AXES, Placed, frame_views, place_object, reach
from cyclorama_blender.maths.views import arrange
from cyclorama_blender.protocol.render_spec import FrontView, HammersleyViews, LookAt, PosedViews, RingViews

IDENTITY = np.eye(4)


def cloud(seed: int, count: int = 300, size: tuple[float, float, float] = (1, 1, 1)) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(count, 3)) * size).astype(np.float32)


def moved(scale: float, offset: tuple[float, float, float]) -> np.ndarray:
    place = np.diag([scale, scale, scale, 1.0])
    place[:3, 3] = offset
    return place


def test_reach_is_the_support_function_of_all_points_at_all_places() -> None:
    sheared = np.array([[1, 0.5, 0, 3], [0, 2, 0, -1], [0.1, 0, 1, 0], [0, 0, 0, 1.0]])
    parts = [Placed(cloud(1), IDENTITY), Placed(cloud(2), sheared), Placed(cloud(2), moved(3, (0, 0, 9)))]
    directions = cloud(3, 40).astype(np.float64)
    world = np.concatenate([part.points @ part.place[:3, :3].T + part.place[:3, 3] for part in parts])
    np.testing.assert_allclose(reach(parts, directions), (directions @ world.T).max(axis=1))


def test_reach_counts_the_radius_of_hair_and_points() -> None:
    part = Placed(np.zeros((1, 3), np.float32), moved(2, (1, 0, 0)), radius=0.5)
    np.testing.assert_allclose(reach([part], AXES), [2, 1, 1, 0, 1, 1])


@pytest.mark.parametrize(
    ("size", "wanted", "scale"),
    [(2.0, "METRIC", 1), (2.0, "UNIT", 0.5), (1e-4, "METRIC", 1e4), (1e5, "METRIC", 1e-5), (1000, "METRIC", 1)],
)
def test_an_object_keeps_its_metres_unless_they_are_out_of_bounds(size: float, wanted: str, scale: float) -> None:
    cube = np.array([(0, 0, 0), (size, size / 2, size / 4)])
    placement = place_object([Placed(cube, IDENTITY)], wanted)
    assert placement.scale == pytest.approx(scale)
    np.testing.assert_allclose(placement.translation, [-size / 2, -size / 4, -size / 8])
    corners = cube @ placement.matrix[:3, :3].T + placement.matrix[:3, 3]
    np.testing.assert_allclose(corners, placement.box, atol=1e-12)


@pytest.mark.parametrize("views", [FrontView(), RingViews(5, -30.0), HammersleyViews(9)])
@pytest.mark.parametrize("image", [(512, 512, 39.6), (640, 160, 60.0), (100, 900, 15.0), (512, 512, 120.0)])
@pytest.mark.parametrize("shape", [(1, 1, 1), (10, 0.1, 0.1), (0.001, 0.001, 5), (1, 1, 0)])
@pytest.mark.parametrize("margin", [0.0, 0.08, 0.5])
def test_every_point_is_inside_with_the_margin_and_one_view_is_tight(
    views: object, image: tuple[int, int, float], shape: tuple[float, float, float], margin: float
) -> None:
    camera = Intrinsics(*image)
    points = cloud(7, size=shape)
    placement = place_object([Placed(points, IDENTITY)], "METRIC")
    parts = [Placed(points, placement.matrix)]
    world = points @ placement.matrix[:3, :3].T + placement.matrix[:3, 3]
    shots = frame_views(parts, arrange(views), camera, margin)
    fullest = 0.0
    for shot in shots:
        pixels, depth = project(world, shot.view.pose, camera)
        half = np.array([camera.width, camera.height]) / 2
        share = np.abs(pixels / half - 1) / np.minimum(1 - margin, 1 - 2 / half)
        assert share.max() <= 1 + 1e-6
        assert (depth > shot.clip_start).all() and (depth < shot.clip_end).all()
        fullest = max(fullest, share.max())
    assert fullest > 0.9
    distances = [np.linalg.norm(shot.view.pose[:3, 3]) for shot in shots]
    np.testing.assert_allclose(distances, distances[0])


def test_a_pose_as_given_is_left_alone_and_told_whether_it_sees_everything() -> None:
    parts = [Placed(np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float), IDENTITY)]
    poses = PosedViews(
        (LookAt((0, -9, 0)), LookAt((0, -3, 0)), LookAt((0, -0.5, 0), (0, 5, 0)), LookAt((0, 9, 0), (0, 99, 0)))
    )
    shots = frame_views(parts, arrange(poses), Intrinsics(256, 256, 39.6), 0.08)
    assert [shot.inside for shot in shots] == [True, False, False, False]
    np.testing.assert_allclose(shots[1].view.pose[:3, 3], (0, -3, 0))
    nearest = -to_camera(parts[0].points, shots[0].view.pose)[:, 2].min()
    assert shots[0].clip_start < nearest
    assert all(0 < shot.clip_start < shot.clip_end for shot in shots)


def test_a_camera_close_to_a_small_thing_in_a_large_scene_sees_it() -> None:
    ground = np.array([(x, y, 0) for x in (-500, 500) for y in (-500, 500)], float)
    (shot,) = frame_views(
        [Placed(ground, IDENTITY)], arrange(PosedViews((LookAt((0, -0.02, 0.02)),))), Intrinsics(256, 256, 39.6), 0.08
    )
    assert shot.clip_start < 0.01
