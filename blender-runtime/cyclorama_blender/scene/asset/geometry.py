"""Reads mesh objects from the scene: their places and the arrays of their meshes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import bpy
import numpy as np

from cyclorama_blender.maths.bounds import LocalMesh, WorldBounds
from cyclorama_blender.maths.surface import MeshArrays, Numbers, Surface, SurfaceCounts, describe_surface
from cyclorama_blender.maths.topology import MeshCounts
from cyclorama_blender.protocol.failure import RuntimeFailure


@dataclass
class MeshUse:
    """Holds a mesh and all of its places.

    Attributes:
        mesh: the mesh as imported, before modifiers.
        owners: the objects that show it.
        places: (4, 4) world matrices, metres, one for each mesh object or instance.
    """

    mesh: bpy.types.Mesh
    owners: set[bpy.types.Object] = field(default_factory=set)
    places: list[Numbers] = field(default_factory=list)


def mesh_instances(depsgraph: bpy.types.Depsgraph) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    """Yields the instances that are drawn as meshes and whose original object is a mesh."""
    # The surface of a curve is an instance of type MESH too, but its original is a curve.
    for instance in depsgraph.object_instances:
        if instance.object.type == "MESH" and instance.object.original.type == "MESH":
            yield instance


def find_uses(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> list[MeshUse]:
    """Lists the meshes of the scene's mesh objects and of their instances."""
    to_metres = _scale_by(metres_per_unit(scene))
    placed = [(thing, thing.matrix_world) for thing in scene.objects if thing.type == "MESH"]
    placed += [
        (instance.object.original, instance.matrix_world.copy())
        for instance in mesh_instances(depsgraph)
        if instance.is_instance and _is_of_object(instance, depsgraph)
    ]
    uses: dict[bpy.types.Mesh, MeshUse] = {}
    for thing, matrix in placed:
        use = uses.setdefault(thing.data, MeshUse(thing.data))
        use.owners.add(thing)
        use.places.append(to_metres @ np.array(matrix, dtype=np.float64))
    return list(uses.values())


def metres_per_unit(scene: bpy.types.Scene) -> float:
    """Returns the length of the scene's unit in metres."""
    # In single precision 0.01 is 0.009999999776; the author meant the shortest decimal.
    return float(str(np.float32(scene.unit_settings.scale_length)))


def _is_of_object(instance: bpy.types.DepsgraphObjectInstance, depsgraph: bpy.types.Depsgraph) -> bool:
    """Returns whether an instance shows its object's own mesh, and not geometry that the object's nodes make."""
    own = instance.object.original.evaluated_get(depsgraph).data
    return instance.object.data.as_pointer() == own.as_pointer()


def count_polygons(uses: list[MeshUse]) -> MeshCounts:
    """Counts the vertices and polygons at all places of the meshes."""
    total = MeshCounts()
    for use in uses:
        counts = MeshCounts.from_corner_totals(len(use.mesh.vertices), _corner_totals(use.mesh))
        total += counts.times(len(use.places))
    return total


def _scale_by(factor: float) -> Numbers:
    return np.diag([factor, factor, factor, 1.0])


def measure_bounds(depsgraph: bpy.types.Depsgraph) -> WorldBounds:
    """Measures the box around all evaluated vertices, metres."""
    bounds = WorldBounds()
    to_metres = _scale_by(metres_per_unit(depsgraph.scene))
    local: dict[int, LocalMesh] = {}
    for instance in mesh_instances(depsgraph):
        mesh = instance.object.data
        key = mesh.as_pointer()
        if key not in local:
            local[key] = LocalMesh.from_points(mesh_points(mesh))
        bounds.add(local[key], to_metres @ np.array(instance.matrix_world, dtype=np.float64))
    return bounds


@dataclass
class WorldSurface:
    """Sums the surfaces of all uses: counts, area and volume in the world."""

    counts: SurfaceCounts = field(default_factory=SurfaceCounts)
    area: float = 0.0
    volume: float = 0.0

    def add(self, surface: Surface, places: list[Numbers]) -> None:
        """Adds the surface of a mesh at each of these places."""
        self.counts += surface.counts.times(len(places))
        for place in places:
            self.area += surface.area(place)
            self.volume += surface.volume(place)


def describe_uses(uses: list[MeshUse]) -> WorldSurface:
    """Returns the surface of all uses; each mesh is described only once."""
    total = WorldSurface()
    for use in uses:
        total.add(describe_surface(read_mesh(use.mesh)), use.places)
    return total


def read_mesh(mesh: bpy.types.Mesh) -> MeshArrays:
    """Copies a mesh's arrays.

    Raises:
        RuntimeFailure: `invalid_asset`, the mesh refers to vertices, edges or corners that it does not have.
    """
    arrays = MeshArrays(
        points=mesh_points(mesh),
        corner_vertices=_indices(mesh, ".corner_vert", mesh.loops, "vertex_index", 1),
        corner_edges=_indices(mesh, ".corner_edge", mesh.loops, "edge_index", 1),
        corner_totals=_corner_totals(mesh),
        edge_vertices=_indices(mesh, ".edge_verts", mesh.edges, "vertices", 2).reshape(-1, 2),
    )
    indices = (
        (arrays.corner_vertices, len(arrays.points)),
        (arrays.edge_vertices, len(arrays.points)),
        (arrays.corner_edges, len(arrays.edge_vertices)),
    )
    totals = arrays.corner_totals
    broken = any(len(found) and not 0 <= found.min() <= found.max() < limit for found, limit in indices)
    if broken or (totals < 0).any() or totals.sum() != len(arrays.corner_vertices):
        raise RuntimeFailure("invalid_asset", f"mesh '{mesh.name}' refers to geometry that it does not have")
    return arrays


def mesh_points(mesh: bpy.types.Mesh) -> Numbers:
    """Copies a mesh's vertices (N, 3), its own space."""
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def _corner_totals(mesh: bpy.types.Mesh) -> np.ndarray:
    totals = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", totals)
    return totals


def _indices(
    mesh: bpy.types.Mesh, attribute: str, elements: bpy.types.bpy_prop_collection, name: str, width: int
) -> np.ndarray:
    values = np.empty(len(elements) * width, dtype=np.int32)
    found = mesh.attributes.get(attribute)
    if found is not None:
        # This is a hundred times as fast as reading the elements.
        found.data.foreach_get("value", values)
    else:
        # A mesh that was saved in edit mode hides these attributes.
        elements.foreach_get(name, values)
    return values
