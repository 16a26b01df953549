"""Describes the geometry of the scene: counts as imported, dimensions as evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

import bpy
import numpy as np

from cyclorama_blender.bounds import HUGE_METRES, LocalMesh, WorldBounds
from cyclorama_blender.contract import Answer, vector
from cyclorama_blender.topology import MeshCounts

OTHER_GEOMETRY = frozenset({"CURVE", "CURVES", "FONT", "META", "POINTCLOUD", "SURFACE", "VOLUME"})


def inspect_scene(warnings: list[str]) -> Answer:
    """Describes the active scene.

    Counts are sums over the mesh objects of the scene, hidden ones too, and over the instances that Blender makes of
    them; each takes its mesh as it was imported, before modifiers. The box is exact over their evaluated vertices.
    """
    scene = bpy.context.scene
    found = list(warnings) + _reveal(scene)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    objects = [thing for thing in scene.objects if thing.type == "MESH"]
    objects += [each.object.original for each in _mesh_instances(depsgraph) if each.is_instance]
    counts = _count(objects)
    bounds = _measure(depsgraph)
    materials = {slot.material.name for thing in objects for slot in thing.material_slots if slot.material}
    message = {
        "vertices": str(counts.vertices),
        "faces": str(counts.faces),
        "triangles": str(counts.triangles),
        "quads": str(counts.quads),
        "ngons": str(counts.ngons),
        "meshObjects": str(len(objects)),
        "materialNames": sorted(materials),
    }
    if not bounds.is_empty:
        message["boundsMin"] = vector(*bounds.low)
        message["boundsMax"] = vector(*bounds.high)
    found += _doubts(bounds) + _other_geometry(scene) + _missing_textures()
    return Answer("inspection", message, tuple(found))


def _reveal(scene: bpy.types.Scene) -> list[str]:
    """Shows what the file hides, since Blender evaluates only what is shown and the counts include it."""
    hidden = [thing for thing in scene.objects if thing.type == "MESH" and not thing.visible_get()]
    if not hidden:
        return []
    view_layer = bpy.context.view_layer
    for collection in scene.collection.children_recursive:
        collection.hide_viewport = False
    for layer_collection in _layer_collections(view_layer.layer_collection):
        layer_collection.exclude = False
        layer_collection.hide_viewport = False
    for thing in hidden:
        thing.hide_viewport = False
        if thing.name in view_layer.objects:
            thing.hide_set(False)
    return [f"mesh objects that the file hides are counted and measured all the same: {len(hidden)}"]


def _layer_collections(root: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    for child in root.children:
        yield child
        yield from _layer_collections(child)


def _mesh_instances(depsgraph: bpy.types.Depsgraph) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    # The surface of a curve comes as an instance of type MESH too, but its original is a curve.
    for instance in depsgraph.object_instances:
        if instance.object.type == "MESH" and instance.object.original.type == "MESH":
            yield instance


def _count(objects: list[bpy.types.Object]) -> MeshCounts:
    by_mesh: dict[bpy.types.Mesh, MeshCounts] = {}
    total = MeshCounts()
    for thing in objects:
        mesh = thing.data
        if mesh not in by_mesh:
            corner_totals = np.empty(len(mesh.polygons), dtype=np.int32)
            mesh.polygons.foreach_get("loop_total", corner_totals)
            by_mesh[mesh] = MeshCounts.from_corner_totals(len(mesh.vertices), corner_totals)
        total += by_mesh[mesh]
    return total


def _measure(depsgraph: bpy.types.Depsgraph) -> WorldBounds:
    bounds = WorldBounds()
    local: dict[int, LocalMesh] = {}
    for instance in _mesh_instances(depsgraph):
        mesh = instance.object.data
        key = mesh.as_pointer()
        if key not in local:
            points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
            mesh.vertices.foreach_get("co", points)
            local[key] = LocalMesh.from_points(points.reshape(-1, 3))
        bounds.add(local[key], np.array(instance.matrix_world, dtype=np.float64))
    return bounds


def _doubts(bounds: WorldBounds) -> list[str]:
    doubts = []
    if bounds.dropped:
        doubts.append(f"{bounds.dropped} vertices have coordinates that are not finite; they are not in the dimensions")
    if bounds.is_huge:
        doubts.append(f"the asset reaches further than {HUGE_METRES:.0e} m from the origin; it is most likely broken")
    return doubts


def _other_geometry(scene: bpy.types.Scene) -> list[str]:
    kinds = Counter(thing.type for thing in scene.objects if thing.type in OTHER_GEOMETRY)
    return [
        f"objects of type {kind} are neither counted nor measured: {count}" for kind, count in sorted(kinds.items())
    ]


def _missing_textures() -> list[str]:
    names = sorted(
        PurePosixPath(image.filepath.replace("\\", "/")).name
        for image in bpy.data.images
        if image.source == "FILE" and not image.packed_file and image.size[0] == 0
    )
    return [f"texture '{name}' is missing or cannot be read" for name in names]
