"""Measures world-space boxes around transformed vertices."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

HUGE_METRES = 1e9
"""Beyond this coordinate single precision is off by tens of metres: the file is most likely broken."""

CHUNK_VERTICES = 1 << 18

Points = npt.NDArray[np.floating]


@dataclass(frozen=True)
class LocalMesh:
    """Holds the vertices of one mesh in its own space.

    Attributes:
        points: (N, 3), without non-finite rows.
        low: least corner of the local box.
        high: greatest corner.
        dropped: number of non-finite vertices that were removed.
    """

    points: Points
    low: Points
    high: Points
    dropped: int

    @classmethod
    def from_points(cls, points: Points) -> LocalMesh:
        """Keeps the finite rows of an (N, 3) array."""
        # Numpy reduces a whole array, or one column, twenty times as fast as rows of three.
        kept = points if np.isfinite(points).all() else points[np.isfinite(points).all(axis=1)]
        dropped = len(points) - len(kept)
        if len(kept) == 0:
            return cls(kept, np.zeros(3), np.zeros(3), dropped)
        low, high = ([pick(kept[:, axis]) for axis in range(3)] for pick in (np.min, np.max))
        return cls(kept, np.array(low, dtype=np.float64), np.array(high, dtype=np.float64), dropped)


@dataclass
class WorldBounds:
    """Holds the exact box, in metres, around every mesh instance added to it."""

    low: Points = field(default_factory=lambda: np.full(3, np.inf))
    high: Points = field(default_factory=lambda: np.full(3, -np.inf))
    dropped: int = 0

    @property
    def is_empty(self) -> bool:
        """Returns whether no finite vertex was added yet."""
        return bool((self.low > self.high).any())

    @property
    def is_huge(self) -> bool:
        """Returns whether a coordinate of a corner is beyond HUGE_METRES."""
        return not self.is_empty and float(max(np.abs(self.low).max(), np.abs(self.high).max())) > HUGE_METRES

    def add(self, mesh: LocalMesh, world_from_local: Points) -> None:
        """Grows the box around one instance.

        Args:
            mesh: the vertices.
            world_from_local: (4, 4) affine matrix.
        """
        self.dropped += mesh.dropped
        if len(mesh.points) == 0:
            return
        if not np.isfinite(world_from_local).all():
            self.dropped += len(mesh.points)
            return
        corners = np.array(list(product(*zip(mesh.low, mesh.high, strict=True))))
        corner_low, corner_high = _extent(corners, world_from_local)
        # All vertices lie inside the transformed local box: if that is inside ours, none can move our corners.
        if (corner_low >= self.low).all() and (corner_high <= self.high).all():
            return
        for start in range(0, len(mesh.points), CHUNK_VERTICES):
            low, high = _extent(mesh.points[start : start + CHUNK_VERTICES], world_from_local)
            self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)


def _extent(points: Points, matrix: Points) -> tuple[Points, Points]:
    world = matrix[:3, :3] @ points.astype(np.float64).T + matrix[:3, 3:]
    return world.min(axis=1), world.max(axis=1)
