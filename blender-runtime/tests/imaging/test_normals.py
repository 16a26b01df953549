"""Normals agree with bodies whose normals are known, in every frame."""

from __future__ import annotations

import numpy as np
import pytest
from analytic import Eye, Seen, ball, box, front_eye

from cyclorama_blender.imaging import normals

QUANTISATION = 0.01
"""Length of half a step of 1/127.5 on three axes, rounded up."""


def unit(eye: Eye, seen: Seen, scale: float = 1.0) -> np.ndarray:
    planes = tuple(np.ascontiguousarray(seen.normals[..., at]) * np.float32(scale) for at in range(3))
    return normals.unit_normals(planes, seen.depth, seen.mask, eye.pose, eye.lens)


def degrees_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos((a * b).sum(-1).clip(-1, 1)))


def test_averaged_normals_become_unit_ones_of_the_same_direction() -> None:
    eye = front_eye(3.5)
    seen = ball(eye)
    found = unit(eye, seen, 0.6)
    np.testing.assert_allclose(np.linalg.norm(found[seen.mask], axis=-1), 1, atol=1e-6)
    assert degrees_between(found, seen.normals)[seen.mask].max() < 0.1
    assert not found[~seen.mask].any()


@pytest.mark.parametrize("value", [0.0, 0.1, np.nan])
def test_where_the_pass_says_nothing_the_normal_comes_from_depth(value: float) -> None:
    eye = front_eye(6)
    seen = box(eye, (1, 1, 1), 30)
    planes = tuple(np.full(seen.depth.shape, value, np.float32) for _ in range(3))
    found = normals.unit_normals(planes, seen.depth, seen.mask, eye.pose, eye.lens)
    angles = degrees_between(found, seen.normals)[seen.mask]
    # Beside the cube's edges it is uncertain which surface a pixel shows.
    assert (angles < 1).mean() > 0.97
    np.testing.assert_allclose(np.linalg.norm(found[seen.mask], axis=-1), 1, atol=1e-5)


def test_normals_from_depth_are_those_of_a_ball() -> None:
    eye = front_eye(3.5, 512)
    seen = ball(eye)
    rows, columns = np.nonzero(seen.mask)
    found = normals.depth_normals(seen.depth, seen.mask, eye.pose, eye.lens, rows, columns)
    angles = degrees_between(found, seen.normals[rows, columns])
    assert np.median(angles) < 0.3
    assert np.percentile(angles, 99) < 3


def test_a_lonely_pixel_faces_the_camera() -> None:
    eye = front_eye(3.0, 3)
    z = np.full((3, 3), 1e10, np.float32)
    z[1, 1] = 3
    found = normals.depth_normals(z, z < 1e9, eye.pose, eye.lens, np.array([1]), np.array([1]))
    np.testing.assert_allclose(found[0], eye.position / np.linalg.norm(eye.position), atol=1e-6)


@pytest.mark.parametrize(
    ("space", "convention", "right", "up", "toward"),
    [
        ("CAMERA", "OPENGL", [1, 0, 0], [0, 1, 0], [0, 0, 1]),
        ("CAMERA", "OPENCV", [1, 0, 0], [0, -1, 0], [0, 0, -1]),
        ("WORLD", "OPENGL", [1, 0, 0], None, None),
        ("WORLD", "OPENCV", [1, 0, 0], None, None),
    ],
)
def test_frames_have_the_axes_that_metadata_names(space: str, convention: str, right, up, toward) -> None:
    eye = front_eye(3.5)
    world = np.stack([eye.pose[:3, 0], eye.pose[:3, 1], eye.pose[:3, 2]])[None].astype(np.float32)
    expected = [right, up or eye.pose[:3, 1], toward or eye.pose[:3, 2]]
    np.testing.assert_allclose(normals.to_frame(world, eye.pose, space, convention)[0], expected, atol=1e-6)


def test_colours_decode_to_unit_normals_within_quantisation() -> None:
    eye = front_eye(3.5)
    seen = ball(eye)
    colours = normals.to_colours(seen.normals, seen.mask)
    back = colours / 255 * 2 - 1
    assert np.abs(np.linalg.norm(back[seen.mask], axis=-1) - 1).max() < QUANTISATION
    assert degrees_between(back / np.linalg.norm(back, axis=-1, keepdims=True), seen.normals)[seen.mask].max() < 0.5
    assert (colours[~seen.mask] == normals.BACKGROUND).all()


def test_the_ends_of_the_range_are_0_and_255() -> None:
    ends = np.array([[[1, -1, 0]]], np.float32)
    assert normals.to_colours(ends, np.array([[True]])).tolist() == [[[255, 0, 128]]]
