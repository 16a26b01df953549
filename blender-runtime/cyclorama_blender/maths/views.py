"""Turns the views of a spec into camera directions and poses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cyclorama_blender.maths.camera import Numbers, look_at
from cyclorama_blender.protocol.render_spec import FrontView, HammersleyViews, PosedViews, RingViews, Views

FRONT = (0.0, -5.0, 2.0)
"""Position of the exercise's camera. We keep its direction and choose the distance."""


@dataclass(frozen=True)
class View:
    """Holds one camera, before or after framing.

    Attributes:
        name: `view_000` and so on.
        pose: (4, 4) world from camera, Blender's axes.
        target: the point in the middle of the image.
        framed: whether framing chooses the distance; before framing such a pose is at distance 1 from the target.
    """

    name: str
    pose: Numbers
    target: Numbers
    framed: bool


def arrange(views: Views) -> list[View]:
    """Lists the cameras of the views in order."""
    if isinstance(views, PosedViews):
        return [
            View(_name(index), look_at(pose.position, pose.look_at), np.array(pose.look_at), framed=False)
            for index, pose in enumerate(views.poses)
        ]
    origin = np.zeros(3)
    return [
        View(_name(index), look_at(direction, origin), origin, framed=True)
        for index, direction in enumerate(_directions(views))
    ]


def _name(index: int) -> str:
    return f"view_{index:03d}"


def _directions(views: FrontView | RingViews | HammersleyViews) -> list[Numbers]:
    """Lists unit vectors from the origin to each camera."""
    if isinstance(views, RingViews):
        elevation = math.radians(views.elevation_degrees)
        turns = [2 * math.pi * index / views.count for index in range(views.count)]
        return [_direction(turn, elevation) for turn in turns]
    if isinstance(views, HammersleyViews):
        heights = [1 - (2 * index + 1) / views.count for index in range(views.count)]
        return [
            _direction(2 * math.pi * radical_inverse(index), math.asin(height)) for index, height in enumerate(heights)
        ]
    front = np.array(FRONT)
    return [front / np.linalg.norm(front)]


def _direction(turn: float, elevation: float) -> Numbers:
    """Returns the unit vector at a turn from the front (-Y), counter-clockwise as seen from above, in radians."""
    flat = math.cos(elevation)
    return np.array([flat * math.sin(turn), -flat * math.cos(turn), math.sin(elevation)])


def radical_inverse(index: int) -> float:
    """Mirrors the binary digits of a whole number at the point: the second half of Hammersley's sequence."""
    inverse, digit = 0.0, 0.5
    while index:
        inverse += digit * (index & 1)
        index >>= 1
        digit /= 2
    return inverse
