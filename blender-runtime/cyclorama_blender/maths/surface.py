"""Counts how the faces of a mesh are connected, and measures the area and the volume that they enclose.

Importers make one vertex for each normal and texture coordinate that meet at a position, so the raw mesh is torn at
every seam. Here vertices with exactly equal coordinates are one position, and edges and parts connect positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cyclorama_blender.maths.connectivity import Integers, count_components, number_alike, pack_rows

THIN = 1e-8
"""A polygon whose area is at most this share of its squared longest edge is a line in single precision."""

UNIFORM = 1e-6
"""A single-precision matrix this near to a rotation with a scale counts as one; a share of its squared scale."""

CHUNK_CORNERS = 1 << 16

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True)
class MeshArrays:
    """Holds a mesh as it was imported.

    Attributes:
        points: (N, 3) vertices, single precision.
        corner_vertices: (C,) vertex of each polygon corner, polygon after polygon.
        corner_edges: (C,) edge from each corner to the next.
        corner_totals: (F,) number of corners of each polygon.
        edge_vertices: (E, 2) vertices of each edge.
    """

    points: Numbers
    corner_vertices: Integers
    corner_edges: Integers
    corner_totals: Integers
    edge_vertices: Integers


@dataclass(frozen=True)
class SurfaceCounts:
    """Holds sums over meshes; cyclorama.asset.v1.Surface defines each field."""

    positions: int = 0
    edges: int = 0
    boundary_edges: int = 0
    non_manifold_edges: int = 0
    winding_conflicts: int = 0
    degenerate_faces: int = 0
    duplicate_faces: int = 0
    loose_vertices: int = 0
    loose_edges: int = 0
    connected_parts: int = 0

    def __add__(self, other: SurfaceCounts) -> SurfaceCounts:
        return SurfaceCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def times(self, number: int) -> SurfaceCounts:
        """Returns the counts of this many copies of the mesh."""
        return SurfaceCounts(*(number * count for count in astuple(self)))

    @property
    def is_watertight(self) -> bool:
        """Returns whether there are edges and each has exactly two polygons."""
        return self.edges > 0 and self.boundary_edges == 0 and self.non_manifold_edges == 0

    @property
    def encloses_volume(self) -> bool:
        """Returns whether every point is clearly inside or outside."""
        return self.is_watertight and self.winding_conflicts == 0


@dataclass(frozen=True)
class Surface:
    """Holds the facts about one mesh that are the same at all of its places.

    Attributes:
        counts: the mesh's own counts.
        vector_areas: (F, 3) area times normal of each polygon, in the mesh's space.
        signed_volume: volume inside the polygons, in the mesh's space; valid only if `counts.encloses_volume`.
    """

    counts: SurfaceCounts
    vector_areas: Numbers
    signed_volume: float

    def area(self, world_from_local: Numbers) -> float:
        """Returns the area in the world, of the polygons whose vertices are finite."""
        linear = np.asarray(world_from_local, dtype=np.float64)[:3, :3]
        gram = linear.T @ linear
        scale = gram.trace() / 3
        if np.abs(gram - scale * np.eye(3)).max() <= UNIFORM * scale:
            return float(scale) * self.own_area
        # Area vectors follow the cofactor matrix.
        rows = [np.cross(linear[1], linear[2]), np.cross(linear[2], linear[0]), np.cross(linear[0], linear[1])]
        return _sum_finite(_lengths(self.vector_areas @ np.array(rows).T))

    @cached_property
    def own_area(self) -> float:
        """Returns the area in the mesh's space. It is cached, since a mesh may have very many places."""
        return _sum_finite(_lengths(self.vector_areas))

    def volume(self, world_from_local: Numbers) -> float:
        """Returns the volume in the world, as if the polygons faced outwards."""
        linear = np.asarray(world_from_local, dtype=np.float64)[:3, :3]
        return abs(self.signed_volume * float(np.linalg.det(linear)))


@np.errstate(invalid="ignore", over="ignore")
def describe_surface(mesh: MeshArrays) -> Surface:
    """Counts and measures one mesh. Non-finite coordinates make non-finite areas and volumes."""
    labels, positions = _weld(mesh.points)
    bits = max(positions.bit_length(), 1)
    inside = _a_finite_point(mesh.points)
    areas = np.zeros((len(mesh.corner_totals), 3))
    ends = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    degenerate, duplicate = int(np.count_nonzero(mesh.corner_totals == 0)), 0
    volume = 0.0
    for faces, corners in _by_size(mesh):
        areas[faces], thin, part = _measure(mesh.points, inside, corners)
        volume += part
        welded = labels[corners]
        ordered = np.sort(welded, axis=0)
        collapsed = np.count_nonzero(ordered[1:] != ordered[:-1], axis=0) < 2
        degenerate += int(np.count_nonzero(thin | collapsed))
        if collapsed.any():
            welded, ordered = welded[:, ~collapsed], ordered[:, ~collapsed]
        duplicate += ordered.shape[1] - len(np.unique(pack_rows(list(ordered), bits)))
        ends.append((welded.ravel(), np.roll(welded, -1, axis=0).ravel()))
    first, second = (np.concatenate(each) for each in zip(*ends, strict=True))
    on_no_face = np.ones(positions, dtype=bool)
    on_no_face[first] = False
    parts = count_components(first, second, positions) - int(np.count_nonzero(on_no_face))
    counts = SurfaceCounts(positions, *_count_edges(first, second), degenerate, duplicate, *_count_loose(mesh), parts)
    return Surface(counts, areas, volume)


def _weld(points: Numbers) -> tuple[Integers, int]:
    # Adding zero makes -0.0 and 0.0 the same bits.
    bits = np.ascontiguousarray(points, dtype=np.float32) + np.float32(0)
    columns = bits.view(np.uint32)
    numbers, count = number_alike(pack_rows([columns[:, axis] for axis in range(3)], 32))
    return numbers.astype(np.int64), count


def _a_finite_point(points: Numbers) -> Numbers:
    """Picks a vertex to measure from: far from the origin, differences of volumes would lose their digits."""
    finite = np.isfinite(points[:, 0]) & np.isfinite(points[:, 1]) & np.isfinite(points[:, 2])
    return points[np.argmax(finite)].astype(np.float64) if finite.any() else np.zeros(3)


def _by_size(mesh: MeshArrays) -> Iterator[tuple[Integers, Integers]]:
    """Yields the polygons grouped by their number of corners: their indices (n,), and their vertices (corners, n)."""
    totals = mesh.corner_totals
    starts = np.cumsum(totals, dtype=np.int64) - totals
    for size in np.unique(totals[totals > 0]):
        faces = np.flatnonzero(totals == size)
        yield faces, mesh.corner_vertices[starts[faces] + np.arange(size)[:, None]]


def _measure(points: Numbers, inside: Numbers, corners: Integers) -> tuple[Numbers, npt.NDArray[np.bool_], float]:
    """Measures polygons with one number of corners, cut into fans of triangles.

    Returns:
        Their area vectors (n, 3), which of them are thin (n,), and the signed volume between them and `inside`.
    """
    size, count = corners.shape
    areas = np.zeros((count, 3))
    thin = np.zeros(count, dtype=bool)
    volume = 0.0
    step = max(1, CHUNK_CORNERS // size)
    for start in range(0, count, step):
        chunk = slice(start, start + step)
        at = points[corners[:, chunk]].astype(np.float64) - inside
        spokes = at[1:] - at[0]
        areas[chunk] = _cross(spokes[:-1], spokes[1:]).sum(axis=0) / 2
        sides = np.roll(at, -1, axis=0) - at
        longest = np.einsum("ijk,ijk->ij", sides, sides).max(axis=0)
        thin[chunk] = _lengths(areas[chunk]) <= THIN * longest
        volume += float(np.einsum("ij,ij->", at[0], areas[chunk])) / 3
    return areas, thin, volume


def _cross(a: Numbers, b: Numbers) -> Numbers:
    (ax, ay, az), (bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _lengths(vectors: Numbers) -> Numbers:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def _sum_finite(lengths: Numbers) -> float:
    return float(lengths[np.isfinite(lengths)].sum())


def _count_edges(first: Integers, second: Integers) -> tuple[int, int, int, int]:
    """Counts all edges, edges of one polygon, edges of more than two, and those that two use in the same direction."""
    apart = first != second
    first, second = first[apart], second[apart]
    keys = pack_rows([np.minimum(first, second), np.maximum(first, second)], 31) << np.uint64(1)
    keys |= (first > second).astype(np.uint64)
    keys.sort()
    undirected = keys >> np.uint64(1)
    starts = np.flatnonzero(np.concatenate([[True], undirected[1:] != undirected[:-1]])) if len(keys) else []
    uses = np.diff(np.append(starts, len(keys)))
    pairs = np.asarray(starts, dtype=np.int64)[uses == 2]
    conflicts = np.count_nonzero(keys[pairs] == keys[pairs + 1]) if len(pairs) else 0
    return len(uses), int(np.count_nonzero(uses == 1)), int(np.count_nonzero(uses > 2)), int(conflicts)


def _count_loose(mesh: MeshArrays) -> tuple[int, int]:
    vertices = np.zeros(len(mesh.points), dtype=bool)
    vertices[mesh.corner_vertices] = True
    vertices[mesh.edge_vertices.ravel()] = True
    edges = np.zeros(len(mesh.edge_vertices), dtype=bool)
    edges[mesh.corner_edges] = True
    return len(vertices) - int(np.count_nonzero(vertices)), len(edges) - int(np.count_nonzero(edges))
