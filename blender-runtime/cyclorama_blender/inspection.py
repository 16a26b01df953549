"""Describes the geometry of the scene: counts as imported, dimensions as evaluated."""

from __future__ import annotations

from collections.abc import Iterator

import bpy
import numpy as np

from cyclorama_blender.bounds import HUGE_METRES, LocalMesh, WorldBounds
from cyclorama_blender.contract import Answer, vector
from cyclorama_blender.topology import MeshCounts


def inspect_scene(warnings: list[str]) -> Answer:
    """Describes the active scene.

    Counts are sums over the mesh objects of the scene, hidden ones too, and over the instances that Blender makes of
    them; each takes its mesh as it was imported, before modifiers. The box is exact over all evaluated vertices.
    """
    scene = bpy.context.scene
    found = list(warnings) + _reveal(scene)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    objects = [thing for thing in scene.objects if thing.type == "MESH"]
    objects += list(_instanced_originals(depsgraph))
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
    found += _doubts(bounds) + _missing_textures()
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
    return [f"{len(hidden)} mesh objects are hidden in the file; they are counted and measured"]


def _layer_collections(root: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    for child in root.children:
        yield child
        yield from _layer_collections(child)


def _instanced_originals(depsgraph: bpy.types.Depsgraph) -> Iterator[bpy.types.Object]:
    # A curve's surface comes as an instance of type MESH whose original is the curve: measured, but no mesh object.
    for instance in depsgraph.object_instances:
        if instance.is_instance and instance.object.original.type == "MESH":
            yield instance.object.original


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
    for instance in depsgraph.object_instances:
        if instance.object.type != "MESH":
            continue
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


def _missing_textures() -> list[str]:
    missing = sorted(
        image.filepath
        for image in bpy.data.images
        if image.source == "FILE" and not image.packed_file and not image.has_data and image.size[0] == 0
    )
    return [f"texture '{path}' is missing or cannot be read" for path in missing]
