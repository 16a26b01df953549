"""The pinhole camera projects exactly, and its axes are converted correctly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cyclorama_blender.maths.camera import Intrinsics, camera_normals, look_at, opencv_pose, pixel_rays, project
from cyclorama_blender.protocol.render_spec import defaults

CAMERA = Intrinsics(640, 480, 60.0)


def test_k_follows_from_the_field_of_view() -> None:
    focal = 320 / math.tan(math.radians(30))
    np.testing.assert_allclose(CAMERA.matrix, [[focal, 0, 320], [0, focal, 240], [0, 0, 1]])
    assert Intrinsics.of(defaults()).focal_length_mm == pytest.approx(50)


def test_a_point_on_the_right_and_above_is_right_of_and_above_the_middle() -> None:
    pose = look_at((0, -5, 0), (0, 0, 0))
    (pixel,), (depth,) = project([(1, 0, 0.5)], pose, CAMERA)
    assert depth == pytest.approx(5)
    np.testing.assert_allclose(pixel, [320 + CAMERA.focal_pixels / 5, 240 - CAMERA.focal_pixels / 10])


def test_the_edge_of_the_field_of_view_is_the_edge_of_the_image() -> None:
    pose = look_at((0, -1, 0), (0, 0, 0))
    pixels, _ = project([(math.tan(math.radians(30)), 0, 0), (-math.tan(math.radians(30)), 0, 0)], pose, CAMERA)
    np.testing.assert_allclose(pixels[:, 0], [640, 0], atol=1e-9)


@pytest.mark.parametrize("position", [(0, -5, 2), (3, 4, -1), (0, 0, 5), (0, 0, -5), (1e-9, 0, 3)])
def test_a_pose_is_a_rotation_that_looks_at_its_target(position: tuple[float, float, float]) -> None:
    pose = look_at(position, (0.5, 0, 0))
    rotation = pose[:3, :3]
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    (pixel,), (depth,) = project([(0.5, 0, 0)], pose, CAMERA)
    np.testing.assert_allclose(pixel, [320, 240], atol=1e-6)
    assert depth == pytest.approx(math.dist(position, (0.5, 0, 0)))


@pytest.mark.parametrize("position", [(0, -5, 2), (3, 4, -1)])
def test_images_are_upright(position: tuple[float, float, float]) -> None:
    pixels, _ = project([(0, 0, 0), (0, 0, 0.1)], look_at(position, (0, 0, 0)), CAMERA)
    assert pixels[1, 0] == pytest.approx(pixels[0, 0])
    assert pixels[1, 1] < pixels[0, 1]


def test_a_camera_that_stands_at_its_target_is_refused() -> None:
    with pytest.raises(ValueError, match="where it stands"):
        look_at((1, 2, 3), (1, 2, 3))


def test_opencv_looks_along_plus_z_with_y_down() -> None:
    pose = opencv_pose(look_at((0, -5, 0), (0, 0, 0)))
    np.testing.assert_allclose(pose[:3, :3].T, [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(opencv_pose(opencv_pose(pose)), pose)


def test_depth_times_ray_is_the_point_that_was_projected() -> None:
    pose = look_at((1, -4, 2), (0, 0, 0))
    rays = pixel_rays(CAMERA)[17, 33] * 3.0
    world = opencv_pose(pose) @ np.append(rays, 1)
    (pixel,), (depth,) = project([world[:3]], pose, CAMERA)
    np.testing.assert_allclose([*pixel, depth], [33.5, 17.5, 3.0])


def test_normals_towards_the_camera_are_plus_z_in_opengl_and_minus_z_in_opencv() -> None:
    pose = look_at((0, -5, 0), (0, 0, 0))
    towards, up = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    normals = np.array([[towards, up]])
    np.testing.assert_allclose(camera_normals(normals, pose, "OPENGL")[0], [[0, 0, 1], [0, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(camera_normals(normals, pose, "OPENCV")[0], [[0, 0, -1], [0, -1, 0]], atol=1e-12)
