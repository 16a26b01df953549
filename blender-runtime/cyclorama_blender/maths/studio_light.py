"""Computes the studio light as an image around the world: soft boxes before a soft gradient.

One image is the whole light, so it does not move with the camera or depend on the object's size, and metals have
something to reflect. Its strength is such that a white diffuse surface is nowhere brighter than WHITEST.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]

WIDTH, HEIGHT = 256, 128

WHITEST = 0.95
"""Radiance of a white diffuse surface at the angle at which the light is strongest."""

GROUND, HORIZON, ZENITH = 0.18, 0.28, 0.50

SOFT_BOXES = (
    # direction to the box in the world (the front view looks along +Y), half angle in degrees, radiance
    ((-0.75, -0.40, 0.85), 28.0, 2.6),
    ((0.90, -0.60, 0.25), 28.0, 1.0),
    ((0.45, 0.80, 0.60), 24.0, 1.6),
    ((-0.60, 0.85, 0.35), 20.0, 1.0),
)
"""Lists the key, fill, rim and kicker lights."""

SOFT_EDGE = 0.6
"""A box begins to fade at this share of its half angle."""


def studio_image() -> Numbers:
    """Returns the radiance (HEIGHT, WIDTH) in Blender's layout: rows go from straight down to straight up."""
    coarse = equirectangular_directions(WIDTH // 4, HEIGHT // 4)
    dose = WHITEST / diffuse_white(_radiance(coarse), equirectangular_directions(36, 18)).max()
    return dose * _radiance(equirectangular_directions(WIDTH, HEIGHT))


def _radiance(directions: Numbers) -> Numbers:
    up = directions[..., 2]
    radiance = np.where(up < 0, _blend(GROUND, HORIZON, 1 + up), _blend(HORIZON, ZENITH, up))
    for direction, half_angle, strength in SOFT_BOXES:
        axis = np.array(direction) / np.linalg.norm(direction)
        angles = np.degrees(np.arccos(np.clip(directions @ axis, -1, 1)))
        radiance = radiance + strength * _blend(0.0, 1.0, (1 - angles / half_angle) / (1 - SOFT_EDGE))
    return radiance


def equirectangular_directions(width: int, height: int) -> Numbers:
    """Returns the unit vector (H, W, 3) of each pixel's middle, from the bottom row up, in Blender's world."""
    azimuth = (0.5 - (np.arange(width) + 0.5) / width) * 2 * np.pi
    elevation = ((np.arange(height) + 0.5) / height - 0.5) * np.pi
    directions = np.empty((height, width, 3))
    directions[..., 0] = np.cos(elevation)[:, None] * np.cos(azimuth)
    directions[..., 1] = np.cos(elevation)[:, None] * np.sin(azimuth)
    directions[..., 2] = np.sin(elevation)[:, None]
    return directions


def diffuse_white(radiance: Numbers, normals: Numbers) -> Numbers:
    """Returns the radiance of an unshadowed white diffuse surface for each of the normals (..., 3)."""
    height, width = radiance.shape
    directions = equirectangular_directions(width, height)
    solid_angles = np.cos(np.arcsin(directions[..., 2])) * (np.pi / height) * (2 * np.pi / width)
    arriving = (radiance * solid_angles).ravel()
    return np.clip(normals @ directions.reshape(-1, 3).T, 0, None) @ arriving / np.pi


def _blend(low: float, high: float, share: Numbers) -> Numbers:
    share = np.clip(share, 0, 1)
    return low + (high - low) * share * share * (3 - 2 * share)
