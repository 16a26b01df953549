"""Cycles' renders agree with closed forms: depth, normals, projection, framing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_ball, add_cube, add_mesh, shoot

from cyclorama_blender.maths.camera import Intrinsics, opencv_pose, pixel_rays, project
from cyclorama_blender.protocol.render_spec import RenderSpec
from cyclorama_blender.scene.asset import session

MISS = 1e9


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def pose_of(view: dict[str, Any]) -> np.ndarray:
    return np.array(view["worldFromCamera"]).reshape(4, 4)


def rays_of(view: dict[str, Any], spec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the camera's position and the world rays (H, W, 3) of unit planar depth through the pixels' middles."""
    pose = opencv_pose(pose_of(view))
    return pose[:3, 3], pixel_rays(Intrinsics.of(RenderSpec.from_json(spec))) @ pose[:3, :3].T


def ball_depth(eye: np.ndarray, rays: np.ndarray, radius: float) -> np.ndarray:
    """Returns the planar depth of the first hit of a ball at the origin; NaN if there is none."""
    a, b, c = (rays**2).sum(-1), rays @ eye, eye @ eye - radius**2
    with np.errstate(invalid="ignore"):
        return (-b - np.sqrt(b * b - a * c)) / a


def angles(normals: np.ndarray, truth: np.ndarray) -> np.ndarray:
    cosines = (normals * truth).sum(-1) / np.linalg.norm(normals, axis=-1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


@pytest.mark.parametrize("size", [{"width": 128, "height": 96}, {"width": 64, "height": 160, "fieldOfViewDegrees": 25}])
def test_a_ball_has_the_depth_and_the_normals_of_a_ball(tmp_path: Path, size: dict[str, Any]) -> None:
    add_ball(0.7, (3, -8, 2))
    message, (seen,) = shoot(tmp_path, size)
    eye, rays = rays_of(message["views"][0], size)
    truth = ball_depth(eye, rays, 0.7)
    points = eye + rays * truth[..., None]
    # Towards the outline depth changes without bound from pixel to pixel.
    faced = -(points / 0.7 * rays).sum(-1) / np.linalg.norm(rays, axis=-1) > 0.2
    assert faced.sum() > 500
    np.testing.assert_allclose(seen["depth"][faced], truth[faced], rtol=1e-4)
    assert angles(seen["normal"][faced], points[faced] / 0.7).max() < 1
    mask = seen["depth"] < MISS
    assert (mask != np.isfinite(truth)).mean() < 1e-3


@pytest.mark.parametrize("tilt", [0.0, 40.0, 75.0])
def test_a_tilted_plane_has_its_depth_and_its_one_normal(tmp_path: Path, tilt: float) -> None:
    spec = {"width": 80, "height": 64, "samples": 4, "fieldOfViewDegrees": 50}
    along = np.array([0, np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])
    corners = [x * np.array([2.0, 0, 0]) + y * along for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    add_mesh(corners, [(0, 1, 2, 3)])
    message, (seen,) = shoot(tmp_path, spec)
    eye, rays = rays_of(message["views"][0], spec)
    normal = np.cross([1.0, 0, 0], along)
    truth = -(eye @ normal) / (rays @ normal)
    mask = seen["depth"] < MISS
    assert mask.sum() > 300
    np.testing.assert_allclose(seen["depth"][mask], truth[mask], rtol=1e-4)
    inside = mask & (seen["combined"][..., 3] > 0.999)
    assert angles(seen["normal"][inside], normal).max() < 1


def test_a_cube_covers_exactly_the_pixels_that_k_and_pose_say(tmp_path: Path) -> None:
    spec = {"width": 200, "height": 150, "views": {"hammersley": {"count": 4}}}
    add_cube(2.0, (5, 5, 5))
    message, seen = shoot(tmp_path, spec)
    camera = Intrinsics.of(RenderSpec.from_json(spec))
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    for view, passes in zip(message["views"], seen, strict=True):
        pixels, _ = project(corners, pose_of(view), camera)
        inside = signed_distance_to_hull(pixels, camera.width, camera.height)
        mask = passes["depth"] < MISS
        assert mask[inside > 0.02].all()
        assert not mask[inside < -0.02].any()


def signed_distance_to_hull(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Returns the distance (H, W) of pixels' middles to the border of the points' convex hull, positive inside."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    inside = np.full((height, width), np.inf)
    for a in points:
        for b in points:
            normal = np.array([a[1] - b[1], b[0] - a[0]])
            if (sides := (points - a) @ normal).min() < -1e-9 or not sides.any():
                continue
            distance = ((x - a[0]) * normal[0] + (y - a[1]) * normal[1]) / np.linalg.norm(normal)
            inside = np.minimum(inside, distance)
    return inside


def test_corners_of_a_cube_are_where_the_image_has_them(tmp_path: Path) -> None:
    spec = {"width": 256, "height": 192, "views": {"ring": {"count": 3, "elevationDegrees": 30}}}
    corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    for corner in corners:
        add_ball(0.05, corner, 32)
    message, seen = shoot(tmp_path, spec)
    camera = Intrinsics.of(RenderSpec.from_json(spec))
    for view, passes in zip(message["views"], seen, strict=True):
        pixels, _ = project(corners, pose_of(view), camera)
        found = [middle(passes["index"] == index) for index in np.unique(passes["index"]) if index > 0]
        assert len(found) == 8
        for pixel in pixels:
            assert min(np.linalg.norm(pixel - each) for each in found) < 0.5


def middle(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


@pytest.mark.parametrize(
    ("size", "at", "width", "height", "margin"),
    [
        (1.0, (0, 0, 0), 96, 96, 0.08),
        (1e-4, (0, 0, 0), 240, 48, 0.2),
        (1e5, (-3e5, 0, 0), 48, 200, 0.0),
        (1.0, (1e6, -1e6, 1e6), 96, 64, 0.3),
    ],
)
def test_the_image_holds_the_object_and_the_margin_and_no_more(
    tmp_path: Path, size: float, at: tuple[float, float, float], width: int, height: int, margin: float
) -> None:
    add_cube(size, at)
    spec = {"width": width, "height": height, "samples": 16, "framingMargin": margin}
    _, (seen,) = shoot(tmp_path, spec)
    rows, columns = np.nonzero(seen["combined"][..., 3] > 0)
    half = np.array([height, width]) / 2
    extent = np.array(
        [np.abs(axis - middle + 0.5).max() + 0.5 for axis, middle in zip((rows, columns), half, strict=True)]
    )
    allowed = half * np.minimum(1 - margin, 1 - 2 / half)
    # The pixel filter reaches one and a half pixels further than the surface.
    assert (extent <= allowed + 2).all()
    assert (extent < half).all()
    assert (extent >= allowed - 1).any()


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    spec = {"samples": 4, "seed": 3, "denoising": "DENOISING_FAST"}
    shots = []
    for name in ("first", "second"):
        bpy.ops.mesh.primitive_monkey_add()
        (tmp_path / name).mkdir()
        _, (seen,) = shoot(tmp_path / name, spec)
        shots.append(seen)
        session.reset()
    for data in ("depth", "normal", "index"):
        np.testing.assert_array_equal(shots[0][data], shots[1][data])
    np.testing.assert_allclose(shots[0]["combined"], shots[1]["combined"], atol=1e-3)
