"""Finds stray vertices: those that are not finite, and those so far away that the rest would be a dot in the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

FAR = 1e4
"""A point is far if its distance from the median point is more than this many times the median distance."""

FEW_SHARE = 0.01
FEW_COUNT = 4
FEW_COUNT_SHARE = 0.2
"""Far vertices are strays if they are at most 1 % of all vertices, or if they are at most 4 and at most a fifth."""

SAMPLED = 200_000


@dataclass(frozen=True)
class Cloud:
    """Holds the points of one mesh and its places.

    Attributes:
        points: (N, 3) the points that faces use.
        places: (I, 4, 4) world from mesh.
    """

    points: Numbers
    places: Numbers


@dataclass(frozen=True)
class Strays:
    """Says which points and places of one cloud to leave out.

    Attributes:
        points: (N,) true for points to leave out at every place.
        places: (I,) true for places to leave out.
        count: number of points left out, counted at each place.
    """

    points: Mask
    places: Mask
    count: int


def find_strays(clouds: Sequence[Cloud]) -> list[Strays]:
    """Returns the strays of each cloud."""
    broken = [(~np.isfinite(cloud.points).all(axis=1), ~np.isfinite(cloud.places).all(axis=(1, 2))) for cloud in clouds]
    whole = [Cloud(c.points[~points], c.places[~places]) for c, (points, places) in zip(clouds, broken, strict=True)]
    far = _find_far(whole)
    found = []
    for (points, places), (far_points, far_places) in zip(broken, far, strict=True):
        points, places = points.copy(), places.copy()
        points[~points], places[~places] = far_points, far_places
        kept = np.count_nonzero(~points) * np.count_nonzero(~places)
        found.append(Strays(points, places, len(points) * len(places) - kept))
    return found


def _find_far(clouds: list[Cloud]) -> list[tuple[Mask, Mask]]:
    nothing = [(np.zeros(len(c.points), dtype=bool), np.zeros(len(c.places), dtype=bool)) for c in clouds]
    total = sum(len(c.points) * len(c.places) for c in clouds)
    if total == 0:
        return nothing
    sample = np.concatenate([_sample(cloud, 1 + total // SAMPLED) for cloud in clouds])
    middle = np.median(sample, axis=0)
    limit = FAR * float(np.median(np.linalg.norm(sample - middle, axis=1)))
    if not limit > 0:
        return nothing
    found = [_beyond(cloud, middle, limit) for cloud in clouds]
    count = sum(
        len(c.points) * len(c.places) - np.count_nonzero(~points) * np.count_nonzero(~places)
        for c, (points, places) in zip(clouds, found, strict=True)
    )
    few = count <= FEW_SHARE * total or count <= min(FEW_COUNT, FEW_COUNT_SHARE * total)
    return found if few else nothing


def _sample(cloud: Cloud, step: int) -> Numbers:
    """Returns every step-th point of all places, in the world."""
    chosen = np.arange(0, len(cloud.points) * len(cloud.places), step)
    if len(chosen) == 0:
        return np.empty((0, 3))
    places = cloud.places[chosen // len(cloud.points)]
    points = cloud.points[chosen % len(cloud.points)].astype(np.float64)
    return np.einsum("nij,nj->ni", places[:, :3, :3], points) + places[:, :3, 3]


def _beyond(cloud: Cloud, middle: Numbers, limit: float) -> tuple[Mask, Mask]:
    """Finds places at which every point is too far away, and points that are too far away at any other place."""
    points, places = np.zeros(len(cloud.points), dtype=bool), np.zeros(len(cloud.places), dtype=bool)
    if len(points) == 0:
        return points, places
    ends = cloud.points.min(axis=0).astype(np.float64), cloud.points.max(axis=0).astype(np.float64)
    corners = np.array(list(product(*zip(*ends, strict=True))))
    for index, place in enumerate(cloud.places):
        if _distances(corners, place, middle).max() <= limit:
            continue
        far = _distances(cloud.points.astype(np.float64), place, middle) > limit
        if far.all():
            places[index] = True
        else:
            points |= far
    return points, places


def _distances(points: Numbers, place: Numbers, middle: Numbers) -> Numbers:
    return np.linalg.norm(points @ place[:3, :3].T + (place[:3, 3] - middle), axis=1)
