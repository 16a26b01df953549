"""Describes the scene: counts and surfaces as imported, and dimensions after modifiers."""

from __future__ import annotations

import math

import bpy

from cyclorama_blender.maths.bounds import HUGE_METRES, WorldBounds
from cyclorama_blender.protocol.contract import Answer, Json, vector
from cyclorama_blender.scene.asset.animations import describe_animations
from cyclorama_blender.scene.asset.contents import (
    count_bones,
    count_material_kinds,
    count_objects,
    count_shape_keys,
    describe_textures,
    find_materials,
    layer_names,
    warn_missing_textures,
    warn_other_geometry,
)
from cyclorama_blender.scene.asset.geometry import (
    MeshUse,
    WorldSurface,
    count_polygons,
    describe_uses,
    find_uses,
    measure_bounds,
    metres_per_unit,
)
from cyclorama_blender.scene.asset.visibility import layer_collections

MAX_LISTED = 1_000


def inspect_scene(warnings: list[str], *, with_stats: bool = True) -> Answer:
    """Describes the active scene.

    Counts are sums over the mesh objects of the scene, also hidden ones, and over Blender's instances of them. Each
    counts its mesh as imported, before modifiers. The box is exact over their vertices after modifiers.

    Args:
        warnings: warnings of the import.
        with_stats: whether to describe surfaces, textures and animations too, which takes most of the time.
    """
    scene = bpy.context.scene
    found = list(warnings) + _reveal(scene)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    uses = find_uses(scene, depsgraph)
    counts = count_polygons(uses)
    bounds = measure_bounds(depsgraph)
    message = {
        "vertices": str(counts.vertices),
        "faces": str(counts.faces),
        "triangles": str(counts.triangles),
        "quads": str(counts.quads),
        "ngons": str(counts.ngons),
        "meshObjects": str(sum(len(use.places) for use in uses)),
        "materialNames": [material.name for material in find_materials(uses)],
        "unitMetres": metres_per_unit(scene),
    }
    if not bounds.is_empty:
        message["boundsMin"] = vector(*bounds.low)
        message["boundsMax"] = vector(*bounds.high)
    found += _warn_bounds(bounds) + warn_other_geometry(scene) + _warn_other_scenes(scene, uses)
    found += warn_missing_textures(with_packed=with_stats)
    if with_stats:
        message["stats"], more = _describe(scene, uses)
        found += more
    return Answer("inspection", message, tuple(found))


def _describe(scene: bpy.types.Scene, uses: list[MeshUse]) -> tuple[Json, list[str]]:
    """Returns an AssetStats message, and a warning for each list that was cut."""
    uv_layers, color_layers = layer_names(uses)
    lists = {
        "textures": describe_textures(),
        "uvLayers": uv_layers,
        "colorLayers": color_layers,
        "animations": describe_animations(scene),
    }
    stats = {
        "objects": count_objects(scene, uses),
        "surface": _surface_message(describe_uses(uses)),
        "materialKinds": count_material_kinds(find_materials(uses)),
        "bones": count_bones(scene),
        "shapeKeys": count_shape_keys(uses),
        **{name: entries[:MAX_LISTED] for name, entries in lists.items()},
    }
    cut = [
        f"{name}: only the first {MAX_LISTED} of {len(entries)} are listed"
        for name, entries in lists.items()
        if len(entries) > MAX_LISTED
    ]
    return stats, cut


def _surface_message(surface: WorldSurface) -> Json:
    counts = surface.counts
    message: Json = {
        "positions": str(counts.positions),
        "edges": str(counts.edges),
        "boundaryEdges": str(counts.boundary_edges),
        "nonManifoldEdges": str(counts.non_manifold_edges),
        "windingConflicts": str(counts.winding_conflicts),
        "degenerateFaces": str(counts.degenerate_faces),
        "duplicateFaces": str(counts.duplicate_faces),
        "looseVertices": str(counts.loose_vertices),
        "looseEdges": str(counts.loose_edges),
        "connectedParts": str(counts.connected_parts),
        "watertight": counts.is_watertight,
    }
    if math.isfinite(surface.area):
        message["area"] = surface.area
    if counts.encloses_volume and math.isfinite(surface.volume):
        message["volume"] = surface.volume
    return message


def _reveal(scene: bpy.types.Scene) -> list[str]:
    """Shows hidden objects, since Blender evaluates only visible ones and the counts include all."""
    hidden = [thing for thing in scene.objects if _shows_meshes(thing) and not thing.visible_get()]
    if not hidden:
        return []
    view_layer = bpy.context.view_layer
    for collection in scene.collection.children_recursive:
        collection.hide_viewport = False
    for layer_collection in layer_collections(view_layer.layer_collection):
        layer_collection.exclude = False
        layer_collection.hide_viewport = False
    for thing in hidden:
        _mute_hiding(thing)
        thing.hide_viewport = False
        if thing.name in view_layer.objects:
            thing.hide_set(False)
    return [f"objects that the file hides are counted and measured all the same: {len(hidden)}"]


def _mute_hiding(thing: bpy.types.Object) -> None:
    """Keeps drivers from hiding the object again."""
    for driver in thing.animation_data.drivers if thing.animation_data else ():
        if driver.data_path == "hide_viewport":
            driver.mute = True


def _shows_meshes(thing: bpy.types.Object) -> bool:
    return thing.type == "MESH" or thing.instance_type != "NONE"


def _warn_other_scenes(scene: bpy.types.Scene, uses: list[MeshUse]) -> list[str]:
    """Warns of mesh objects that are in other scenes or in none."""
    shown = {thing for use in uses for thing in use.owners}
    aside = sum(thing.type == "MESH" and thing not in shown for thing in bpy.data.objects)
    return [f"mesh objects outside of scene '{scene.name}' are neither counted nor measured: {aside}"] if aside else []


def _warn_bounds(bounds: WorldBounds) -> list[str]:
    warnings = []
    if bounds.dropped:
        warnings.append(
            f"{bounds.dropped} vertices have coordinates that are not finite; they are not in the dimensions"
        )
    if bounds.is_huge:
        warnings.append(f"the asset reaches further than {HUGE_METRES:.0e} m from the origin; it is most likely broken")
    return warnings
