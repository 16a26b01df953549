"""Counts the vertices and polygons of meshes."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class MeshCounts:
    """Holds the numbers of vertices, of polygons, and of polygons by their number of corners."""

    vertices: int = 0
    faces: int = 0
    triangles: int = 0
    quads: int = 0
    ngons: int = 0

    @classmethod
    def from_corner_totals(cls, vertices: int, corner_totals: npt.NDArray[np.integer]) -> MeshCounts:
        """Counts polygons by their numbers of corners (F,)."""
        faces = len(corner_totals)
        triangles = int(np.count_nonzero(corner_totals == 3))
        quads = int(np.count_nonzero(corner_totals == 4))
        return cls(vertices, faces, triangles, quads, faces - triangles - quads)

    def __add__(self, other: MeshCounts) -> MeshCounts:
        return MeshCounts(
            self.vertices + other.vertices,
            self.faces + other.faces,
            self.triangles + other.triangles,
            self.quads + other.quads,
            self.ngons + other.ngons,
        )

    def times(self, number: int) -> MeshCounts:
        """Returns the counts of this many copies of the mesh."""
        return MeshCounts(*(number * count for count in astuple(self)))
