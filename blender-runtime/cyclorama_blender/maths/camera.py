"""Computes the pinhole camera: intrinsics, poses, projection. Only this module converts camera axes.

Blender's camera has X right, Y up, Z backwards (OpenGL's axes); OpenCV's has X right, Y down, Z forwards. Pixel
coordinates put the image's corner at (0, 0) and the middle of the top-left pixel at (0.5, 0.5).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cyclorama_blender.protocol.render_spec import SENSOR_WIDTH_MM, RenderSpec

Numbers = npt.NDArray[np.floating]

OPENCV_FROM_BLENDER = np.diag([1.0, -1.0, -1.0])
"""Turns a vector in Blender's camera axes into OpenCV's. It is its own inverse."""

UP = np.array([0.0, 0.0, 1.0])
NORTH = np.array([0.0, 1.0, 0.0])
"""Points up in the image of a camera that looks straight down or up."""

NEARLY_VERTICAL = 1e-6


@dataclass(frozen=True)
class Intrinsics:
    """Describes a pinhole camera with square pixels and its principal point in the middle.

    Attributes:
        width: pixels.
        height: pixels.
        field_of_view_degrees: horizontal.
    """

    width: int
    height: int
    field_of_view_degrees: float

    @classmethod
    def of(cls, spec: RenderSpec) -> Intrinsics:
        """Takes the image size and the field of view from a spec."""
        return cls(spec.width, spec.height, spec.field_of_view_degrees)

    @property
    def half_tangents(self) -> tuple[float, float]:
        """Returns the tangents of half the horizontal and half the vertical field of view."""
        horizontal = math.tan(math.radians(self.field_of_view_degrees) / 2)
        return horizontal, horizontal * self.height / self.width

    @property
    def focal_pixels(self) -> float:
        """Returns the focal length in pixels, the same along both axes."""
        return 0.5 * self.width / self.half_tangents[0]

    @property
    def focal_length_mm(self) -> float:
        """Returns the focal length in millimetres for a sensor SENSOR_WIDTH_MM wide."""
        return 0.5 * SENSOR_WIDTH_MM / self.half_tangents[0]

    @property
    def center(self) -> tuple[float, float]:
        """Returns the principal point in pixels."""
        return self.width / 2, self.height / 2

    @property
    def matrix(self) -> Numbers:
        """Returns K (3, 3), which takes points in OpenCV's camera axes to pixels."""
        (cx, cy), focal = self.center, self.focal_pixels
        return np.array([[focal, 0.0, cx], [0.0, focal, cy], [0.0, 0.0, 1.0]])


def look_at(position: npt.ArrayLike, target: npt.ArrayLike) -> Numbers:
    """Returns the upright pose (4, 4), world from camera in Blender's axes, of a camera at `position`.

    Raises:
        ValueError: position and target are one point.
    """
    eye = np.asarray(position, dtype=np.float64)
    backwards = eye - np.asarray(target, dtype=np.float64)
    length = float(np.linalg.norm(backwards))
    if not length > 0:
        raise ValueError(f"a camera at {tuple(eye)} looks at the point where it stands; expected another one")
    backwards = backwards / length
    vertical = float(np.linalg.norm(np.cross(UP, backwards))) < NEARLY_VERTICAL
    right = np.cross(NORTH if vertical else UP, backwards)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(backwards, right), backwards, eye
    return pose


def opencv_pose(world_from_camera: npt.ArrayLike) -> Numbers:
    """Turns a pose (4, 4) in Blender's camera axes into one in OpenCV's, or back."""
    pose = np.array(world_from_camera, dtype=np.float64)
    pose[:3, :3] = pose[:3, :3] @ OPENCV_FROM_BLENDER
    return pose


def to_camera(points: npt.ArrayLike, world_from_camera: npt.ArrayLike) -> Numbers:
    """Takes points (N, 3) of the world into Blender's camera axes, where depth is -Z."""
    pose = np.asarray(world_from_camera, dtype=np.float64)
    return (np.asarray(points, dtype=np.float64) - pose[:3, 3]) @ pose[:3, :3]


def project(points: npt.ArrayLike, world_from_camera: npt.ArrayLike, camera: Intrinsics) -> tuple[Numbers, Numbers]:
    """Projects points (N, 3) of the world.

    Returns:
        Pixels (N, 2), x to the right and y down, and planar depths (N,). Pixels of points behind the camera mean
        nothing.
    """
    local = to_camera(points, world_from_camera) @ OPENCV_FROM_BLENDER
    depth = local[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = local[:, :2] / depth[:, None] * camera.focal_pixels + np.array(camera.center)
    return pixels, depth


def pixel_rays(camera: Intrinsics) -> Numbers:
    """Returns the ray (H, W, 3) through the middle of each pixel, in OpenCV's axes and with Z = 1.

    Planar depth times the ray gives the point; planar depth times the ray's length gives the distance.
    """
    (cx, cy), focal = camera.center, camera.focal_pixels
    x = (np.arange(camera.width) + 0.5 - cx) / focal
    y = (np.arange(camera.height) + 0.5 - cy) / focal
    rays = np.ones((camera.height, camera.width, 3))
    rays[..., 0], rays[..., 1] = x[None, :], y[:, None]
    return rays


def camera_normals(normals: Numbers, world_from_camera: npt.ArrayLike, convention: str) -> Numbers:
    """Turns world normals (..., 3) into the camera's axes: `OPENGL` (Blender's) or `OPENCV`."""
    rotation = np.asarray(world_from_camera, dtype=np.float64)[:3, :3]
    if convention == "OPENCV":
        rotation = rotation @ OPENCV_FROM_BLENDER
    return normals @ rotation.astype(normals.dtype)
