"""Freezes the visible geometry of an asset: it makes plain copies of evaluated geometry with their places.

The copies have no modifiers, rigs, constraints, drivers or instancing: Cycles renders exactly the measured geometry,
and moving it changes nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

import bmesh
import bpy
import numpy as np

from cyclorama_blender.maths.framing import Placed
from cyclorama_blender.maths.strays import Cloud, find_strays
from cyclorama_blender.maths.surface import Numbers
from cyclorama_blender.scene.asset.visibility import is_compositing_aid, is_seen

Shape = bpy.types.Mesh | bpy.types.Curves | bpy.types.PointCloud

KINDS = ("MESH", "CURVES", "POINTCLOUD")
"""Types of instances with a surface. Surfaces of curves, texts and metaballs are instances of type MESH."""

DEFAULT_RADIUS = 0.01
"""Radius that Cycles gives to hair and points without one, in the shape's space."""

FAR_OFF = 1e3
"""A mesh further than this many of its half extents from its own origin is moved there.

Cycles computes in single precision.
"""

VANISHING = 1e-7
"""Least size in the second-largest direction, as a share of the largest part's size.

A thinner object, such as one scaled to nothing, is in no image.
"""


@dataclass
class Solid:
    """Holds one piece of geometry and all of its places.

    Attributes:
        shape: our own copy of the evaluated geometry.
        users: (N,) vertices of a mesh that faces with an area use; None for all vertices.
        points: (N, 3) those vertices, in the shape's space.
        radius: distance of the surface of hair and points from their middle, in the shape's space.
        places: (4, 4) world matrices of the asset, metres.
        owners: the file's object at each place, whose properties materials may ask for.
    """

    shape: Shape
    users: np.ndarray | None
    points: Numbers
    radius: float = 0.0
    places: list[Numbers] = field(default_factory=list)
    owners: list[bpy.types.Object] = field(default_factory=list)

    def keep_places(self, kept: Iterable[bool]) -> None:
        """Keeps only the places that are marked true."""
        kept = list(kept)
        self.places, self.owners = (list(compress(each, kept)) for each in (self.places, self.owners))

    def parts(self, world_from_asset: Numbers) -> list[Placed]:
        """Returns the points at each place in the world of the matrix (4, 4)."""
        return [Placed(self.points, world_from_asset @ place, self.radius) for place in self.places]


def freeze(depsgraph: bpy.types.Depsgraph, metres_per_unit: float) -> list[Solid]:
    """Copies all visible geometry, each piece once for all of its places."""
    solids: dict[tuple[object, ...], Solid | None] = {}
    to_metres = np.diag([metres_per_unit] * 3 + [1.0])
    for instance in _shown(depsgraph):
        thing = instance.object
        materials = [slot.material for slot in thing.material_slots]
        key = (thing.data.as_pointer(), *(material.name_full if material else None for material in materials))
        if key not in solids:
            solids[key] = _copy(thing, materials, depsgraph)
        solid = solids[key]
        if solid is not None:
            solid.places.append(to_metres @ np.array(instance.matrix_world, dtype=np.float64))
            solid.owners.append(thing.original)
    return [solid for solid in solids.values() if solid is not None]


def _shown(depsgraph: bpy.types.Depsgraph) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    for instance in depsgraph.object_instances:
        if instance.object.type in KINDS and is_seen(instance) and not is_compositing_aid(instance):
            yield instance


def _copy(
    thing: bpy.types.Object, materials: list[bpy.types.Material | None], depsgraph: bpy.types.Depsgraph
) -> Solid | None:
    if thing.type == "MESH":
        shape = bpy.data.meshes.new_from_object(thing, preserve_all_data_layers=False, depsgraph=depsgraph)
        if len(shape.polygons) == 0:
            return None
        solid = Solid(shape, *_face_points(shape))
    else:
        shape = thing.data.copy()
        if len(shape.points) == 0:
            return None
        solid = Solid(shape, None, _attribute(shape, "position", "vector", 3).reshape(-1, 3), _radius(shape))
    for at, material in enumerate(materials):
        # Clearing the list first would give every face the first material.
        if at == len(shape.materials):
            shape.materials.append(None)
        if material is not None:
            shape.materials[at] = material.original
    return solid


def _face_points(mesh: bpy.types.Mesh) -> tuple[np.ndarray | None, Numbers]:
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    mesh.calc_loop_triangles()
    corners = np.empty((len(mesh.loop_triangles), 3), dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners.ravel())
    areas = np.empty(len(corners), dtype=np.float32)
    mesh.loop_triangles.foreach_get("area", areas)
    used = np.zeros(len(points), dtype=bool)
    # Triangles that are not finite stay, so that `drop_strays` finds them.
    used[corners[areas != 0]] = True
    return (None, points) if used.all() else (np.flatnonzero(used), points[used])


def _radius(shape: bpy.types.Curves | bpy.types.PointCloud) -> float:
    if "radius" not in shape.attributes:
        return DEFAULT_RADIUS
    return float(_attribute(shape, "radius", "value", 1).max())


def _attribute(shape: Shape, name: str, field_name: str, width: int) -> Numbers:
    values = np.empty(len(shape.points) * width, dtype=np.float32)
    shape.attributes[name].data.foreach_get(field_name, values)
    return values


def drop_strays(solids: Sequence[Solid]) -> tuple[list[Solid], int]:
    """Drops geometry that is far away from the rest, is not finite, or has no extent.

    Returns:
        The remaining solids, and the number of stray vertices.
    """
    clouds = [Cloud(solid.points, np.array(solid.places)) for solid in solids]
    kept, dropped = [], 0
    for solid, strays in zip(solids, find_strays(clouds), strict=True):
        dropped += strays.count
        solid.keep_places(~strays.places)
        if strays.points.any():
            _delete(solid, np.flatnonzero(strays.points))
        if solid.places and len(solid.points):
            kept.append(solid)
    return _drop_vanishing(kept), dropped


def _drop_vanishing(solids: Sequence[Solid]) -> list[Solid]:
    """Drops the places at which a solid is only a dot or a line."""
    sizes = [float(np.ptp(solid.points.astype(np.float64), axis=0).max()) + 2 * solid.radius for solid in solids]
    spans = [
        size * np.linalg.svd(np.array(solid.places)[:, :3, :3], compute_uv=False)
        for size, solid in zip(sizes, solids, strict=True)
    ]
    least = VANISHING * max((span[:, 0].max() for span in spans), default=0.0)
    for solid, span in zip(solids, spans, strict=True):
        solid.keep_places(span[:, 1] > least)
    return [solid for solid in solids if solid.places]


def _delete(solid: Solid, strays: np.ndarray) -> None:
    if not isinstance(solid.shape, bpy.types.Mesh):
        # Without a stray hair or point the others cannot be identified, so the whole solid goes.
        solid.points = solid.points[:0]
        return
    indices = strays if solid.users is None else solid.users[strays]
    mesh = bmesh.new()
    try:
        mesh.from_mesh(solid.shape)
        mesh.verts.ensure_lookup_table()
        bmesh.ops.delete(mesh, geom=[mesh.verts[index] for index in indices], context="VERTS")
        mesh.to_mesh(solid.shape)
    finally:
        mesh.free()
    solid.users, solid.points = _face_points(solid.shape)


def recentre(solids: Sequence[Solid]) -> None:
    """Moves meshes that lie far from their own origin to it, and their places by the opposite."""
    for solid in solids:
        if not isinstance(solid.shape, bpy.types.Mesh):
            continue
        low, high = (end(solid.points.astype(np.float64), axis=0) for end in (np.min, np.max))
        middle = (low + high) / 2
        if np.abs(middle).max() <= FAR_OFF * (high - low).max() / 2:
            continue
        every = np.empty(len(solid.shape.vertices) * 3, dtype=np.float32)
        solid.shape.vertices.foreach_get("co", every)
        home = every.reshape(-1, 3).astype(np.float64) - middle
        solid.shape.vertices.foreach_set("co", home.astype(np.float32).ravel())
        solid.users, solid.points = _face_points(solid.shape)
        back = np.eye(4)
        back[:3, 3] = middle
        solid.places = [place @ back for place in solid.places]
