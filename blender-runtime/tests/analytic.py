"""Makes views of bodies whose depth and normals are known in closed form, by rays through pixel centres."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cyclorama_blender.imaging import exr
from cyclorama_blender.imaging.passes import NOTHING, Passes
from cyclorama_blender.maths import camera
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.contract import Json
from cyclorama_blender.protocol.render_spec import DEFAULT_FIELD_OF_VIEW

MISS = np.float32(1e10)


@dataclass(frozen=True)
class Eye:
    """Holds a camera and its rays in the world, with planar depth as their parameter."""

    lens: Intrinsics
    pose: np.ndarray

    @property
    def rays(self) -> np.ndarray:
        return camera.pixel_rays(self.lens) @ camera.opencv_pose(self.pose)[:3, :3].T

    @property
    def position(self) -> np.ndarray:
        return self.pose[:3, 3]


def front_eye(distance: float, size: int = 256, field_of_view: float = DEFAULT_FIELD_OF_VIEW) -> Eye:
    """Returns the exercise's camera at a distance."""
    direction = np.array([0.0, -5.0, 2.0]) / np.sqrt(29)
    return Eye(Intrinsics(size, size, field_of_view), camera.look_at(direction * distance, (0, 0, 0)))


@dataclass(frozen=True)
class Seen:
    """Holds depth (H, W), 1e10 in the background, and world normals (H, W, 3)."""

    depth: np.ndarray
    normals: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        return self.depth < NOTHING

    def over(self, other: Seen) -> Seen:
        """Returns both bodies, the nearer one in front."""
        nearer = self.depth <= other.depth
        return Seen(np.where(nearer, self.depth, other.depth), np.where(nearer[..., None], self.normals, other.normals))

    def passes(self, colour: float = 0.5) -> Passes:
        """Returns the passes that a renderer would write without antialiasing."""
        alpha = self.mask.astype(np.float32)
        light = alpha * np.float32(colour) * np.linspace(0.5, 1, alpha.shape[1], dtype=np.float32)
        x, y, z = (np.ascontiguousarray(self.normals[..., at]) for at in range(3))
        return Passes((light, light, light), alpha, self.depth, (x, y, z), alpha)


def polyhedron(eye: Eye, normals: np.ndarray, offsets: np.ndarray, smooth: bool = False) -> Seen:
    """Returns the convex body of the points with normals . p <= offsets, shaded flat or as a ball around the origin."""
    rays = eye.rays
    enter, leave = np.full(rays.shape[:2], -np.inf), np.full(rays.shape[:2], np.inf)
    facet = np.zeros(rays.shape[:2], int)
    for at, (normal, offset) in enumerate(zip(normals, offsets, strict=True)):
        towards = rays @ normal
        with np.errstate(divide="ignore"):
            t = (offset - eye.position @ normal) / towards
        entering = (towards < 0) & (t > enter)
        enter[entering], facet[entering] = t[entering], at
        leave = np.where(towards > 0, np.minimum(leave, t), leave)
    hit = (enter < leave) & (enter > 0)
    depth = np.where(hit, enter, MISS)
    shading = normals[facet]
    if smooth:
        points = eye.position + depth[..., None] * rays
        shading = points / np.linalg.norm(points, axis=-1, keepdims=True)
    return Seen(depth.astype(np.float32), np.where(hit[..., None], shading, 0).astype(np.float32))


def box(eye: Eye, half: tuple[float, float, float], turn_degrees: float = 0, middle: tuple = (0, 0, 0)) -> Seen:
    """Returns a box that is turned around the vertical axis."""
    axes = turned(turn_degrees)
    normals = np.concatenate((axes.T, -axes.T))
    return polyhedron(eye, normals, np.tile(half, 2) + normals @ np.array(middle))


def turned(degrees: float) -> np.ndarray:
    """Returns the rotation around the vertical axis."""
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])


def ball(eye: Eye, radius: float = 1.0, middle: tuple = (0, 0, 0)) -> Seen:
    """Returns a sphere."""
    rays, start = eye.rays, eye.position - np.array(middle)
    a, b, c = (rays * rays).sum(-1), rays @ start, start @ start - radius**2
    inside = b * b - a * c
    t = (-b - np.sqrt(np.maximum(inside, 0))) / a
    hit = (inside > 0) & (t > 0)
    depth = np.where(hit, t, MISS)
    normals = (start + depth[..., None] * rays) / radius
    return Seen(depth.astype(np.float32), np.where(hit[..., None], normals, 0).astype(np.float32))


def write_passes(path: Path, passes: Passes) -> None:
    """Writes a view as Blender does, with Blender's names of channels."""
    names = {"Combined": zip("RGBA", (*passes.rgb, passes.alpha), strict=True), "Depth": [("Z", passes.depth)]}
    names["Normal"] = zip("XYZ", passes.normal, strict=True)
    if passes.index is not None:
        names["IndexOB"] = [("X", passes.index)]
    exr.write_exr(path, {f"VL.{name}.{axis}": image for name, planes in names.items() for axis, image in planes})


def derive_op(views: dict[str, Eye], framed: bool = True, **spec: object) -> Json:
    """Returns a DeriveOp of balls of radius 1 as protobuf JSON."""
    lens = next(iter(views.values())).lens
    corner = {"x": 1.0, "y": 1.0, "z": 1.0}
    box = {"min": {axis: -1.0 for axis in "xyz"}, "max": corner}
    return {
        "spec": {"width": lens.width, "height": lens.height, **spec},
        "rendering": {
            "views": [
                {
                    "name": name,
                    "file": f"{name}.exr",
                    "worldFromCamera": eye.pose.ravel().tolist(),
                    "lookAt": {},
                    "clipStart": 0.1,
                    "clipEnd": 100.0,
                    "renderSeconds": 1.25,
                    **({"framed": True} if framed else {}),
                }
                for name, eye in views.items()
            ],
            "box": box,
            "assetBox": {"min": {}, "max": {"x": 2.0, "y": 2.0, "z": 2.0}},
            "translation": {axis: -1.0 for axis in "xyz"},
            "scale": 1.0,
            "frame": 1.0,
            "focalLengthMm": 50.0,
            "sensorWidthMm": 36.0,
            "device": "CPU",
            "blenderVersion": "4.5.15 LTS",
        },
        "source": {
            "file": "ball.glb",
            "uri": "s3://bucket/ball.glb",
            "sizeBytes": "1234",
            "warnings": ["decoded"],
            "stageSeconds": {"download": 0.5},
        },
    }
