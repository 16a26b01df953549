"""Places the object at the origin, and the cameras so far away that the whole object is in the image.

All of it rests on one function, the support function `reach`: how far does the geometry reach in a direction? It is
exact over every vertex, and the image of a triangle lies inside that of its corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cyclorama_blender.maths.camera import Intrinsics, Numbers
from cyclorama_blender.maths.views import View

CHUNK_NUMBERS = 1 << 22

LEAST_FREE_PIXELS = 2.0
"""Pixels left free at each border, even without a margin: Cycles' filter reaches 1.5 pixels from a pixel's middle."""

LEAST_CLIP = 1e-6
"""Nearest clip distance, as a share of the object's depth along the view. Nearer surfaces are cut away."""

SMALLEST_METRES = 0.01
LARGEST_METRES = 1000.0

AXES = np.concatenate([np.eye(3), -np.eye(3)])


@dataclass(frozen=True)
class Placed:
    """Holds the points of one mesh at one place.

    Attributes:
        points: (N, 3) finite, in the mesh's space.
        place: (4, 4) world from mesh.
        radius: distance of the surface from each point, in the mesh's space; above 0 only for hair and point clouds.
    """

    points: Numbers
    place: Numbers
    radius: float = 0.0


@dataclass(frozen=True)
class Placement:
    """Maps the asset into the rendered world: rendered point = scale * (asset point + translation).

    Attributes:
        low: least corner of the asset's box.
        high: greatest corner of the asset's box.
        scale: rendered length of one metre.
    """

    low: Numbers
    high: Numbers
    scale: float

    @property
    def longest(self) -> float:
        """Returns the longest side of the asset's box."""
        return float((self.high - self.low).max())

    @property
    def translation(self) -> Numbers:
        """Returns the translation that moves the middle of the box to the origin."""
        return -(self.low + self.high) / 2

    @property
    def matrix(self) -> Numbers:
        """Returns the matrix (4, 4), rendered world from asset."""
        matrix = np.eye(4)
        matrix[:3] *= self.scale
        matrix[:3, 3] = self.scale * self.translation
        return matrix

    @property
    def box(self) -> tuple[Numbers, Numbers]:
        """Returns the least and the greatest corner in the rendered world."""
        half = self.scale * (self.high - self.low) / 2
        return -half, half


def reach(parts: Sequence[Placed], directions: Numbers) -> Numbers:
    """Returns for each of the directions (K, 3) the greatest `direction . point` over all points."""
    furthest = np.full(len(directions), -np.inf)
    for part in parts:
        if len(part.points) == 0:
            continue
        inward = directions @ part.place[:3, :3]
        start = directions @ part.place[:3, 3] + part.radius * np.linalg.norm(inward, axis=1)
        ends = part.points.min(axis=0).astype(np.float64), part.points.max(axis=0).astype(np.float64)
        corners = np.array(list(product(*zip(*ends, strict=True))))
        # No point reaches further than the corners of its box, so most instances end here.
        open_directions = np.flatnonzero((corners @ inward.T).max(axis=0) + start > furthest)
        if len(open_directions) == 0:
            continue
        asked = inward[open_directions].T
        rows = max(1, CHUNK_NUMBERS // len(open_directions))
        for first in range(0, len(part.points), rows):
            found = (part.points[first : first + rows].astype(np.float64) @ asked).max(axis=0) + start[open_directions]
            furthest[open_directions] = np.maximum(furthest[open_directions], found)
    return furthest


def place_object(parts: Sequence[Placed], object_scale: str) -> Placement:
    """Chooses the scale and the middle of the object.

    METRIC keeps metres if the longest side lies between SMALLEST_METRES and LARGEST_METRES, where Cycles computes
    well. UNIT, and METRIC outside of that range, makes the longest side 1.
    """
    furthest = reach(parts, AXES)
    low, high = -furthest[3:], furthest[:3]
    whole = Placement(low, high, 1.0)
    keeps = object_scale == "METRIC" and SMALLEST_METRES <= whole.longest <= LARGEST_METRES
    return whole if keeps or whole.longest <= 0 else replace(whole, scale=1.0 / whole.longest)


@dataclass(frozen=True)
class Shot:
    """Holds a view that is ready to render.

    Attributes:
        view: the view with its final pose.
        clip_start: planar depth of the near clip plane.
        clip_end: planar depth of the far clip plane; the whole object is nearer.
        inside: whether the whole object lies inside the image.
    """

    view: View
    clip_start: float
    clip_end: float
    inside: bool


def frame_views(parts: Sequence[Placed], views: Sequence[View], camera: Intrinsics, margin: float) -> list[Shot]:
    """Moves the cameras to where the whole object is inside their images, with the margin.

    Parts are in the rendered world. A point p is inside if |x| <= m * tan * depth for both axes of the image. With
    depth = distance - backwards . p that is linear in p, so four support functions give the camera's distance. All
    framed views take the greatest distance of any of them, so that the object keeps its size from view to view.
    """
    framed = _limits(camera, margin)
    asked = np.array([_half_spaces(view.pose, framed if view.framed else camera.half_tangents) for view in views])
    found = reach(parts, asked.reshape(-1, 3)).reshape(len(views), 6)
    distances = [_distance(row) for row, view in zip(found, views, strict=True) if view.framed]
    distance = max(distances, default=0.0)
    return [_shot(view, distance, sides, row) for view, sides, row in zip(views, asked, found, strict=True)]


def _limits(camera: Intrinsics, margin: float) -> tuple[float, float]:
    """Returns the tangents of the largest angles to the side and up at which the object may be seen."""
    sizes = zip(camera.half_tangents, (camera.width, camera.height), strict=True)
    across, up = (tangent * min(1 - margin, 1 - LEAST_FREE_PIXELS / (pixels / 2)) for tangent, pixels in sizes)
    return across, up


def _half_spaces(pose: Numbers, limits: tuple[float, float]) -> Numbers:
    """Lists the six directions (6, 3) of framing: right, left, top and bottom of the image, near and far."""
    right, up, backwards = pose[:3, 0], pose[:3, 1], pose[:3, 2]
    across, above = right / limits[0], up / limits[1]
    return np.array(
        [backwards + across, backwards - across, backwards + above, backwards - above, backwards, -backwards]
    )


def _distance(found: Numbers) -> float:
    """Returns the least distance of the camera.

    A needle along the line of sight would have the camera at its point, so a twentieth of its length stays free.
    """
    near, far = found[4], found[5]
    return float(max(found[:4].max(), near + 0.05 * (near + far)))


def _shot(view: View, distance: float, sides: Numbers, found: Numbers) -> Shot:
    if view.framed:
        pose = view.pose.copy()
        pose[:3, 3] = view.target + distance * pose[:3, 2]
        view = replace(view, pose=pose)
    eye = sides @ view.pose[:3, 3]
    nearest, furthest = float(eye[4] - found[4]), float(found[5] - eye[5])
    length = float(found[4] + found[5])
    # Even a camera inside the object may have so near a plane: rays have no depth buffer that would lose digits.
    clip_start = max(0.5 * nearest, LEAST_CLIP * max(furthest, length))
    inside = view.framed or bool((found[:4] <= eye[:4]).all())
    return Shot(view, clip_start, 2 * max(furthest, clip_start), inside)
