"""Makes Blender evaluate what a render would show, since the dependency graph that Python sees is the viewport's."""

from __future__ import annotations

from collections.abc import Iterator

import bpy


def show_as_rendered(scene: bpy.types.Scene) -> None:
    """Takes visibility, modifiers and resolution in the viewport from those of the render."""
    for collection in scene.collection.children_recursive:
        collection.hide_viewport = collection.hide_render
    for layer_collection in _layer_collections(bpy.context.view_layer.layer_collection):
        layer_collection.hide_viewport = False
    shown = bpy.context.view_layer.objects
    for thing in scene.objects:
        thing.hide_viewport = thing.hide_render
        thing.show_instancer_for_viewport = thing.show_instancer_for_render
        if thing.name in shown:
            thing.hide_set(False)
        for modifier in thing.modifiers:
            _evaluate_as_rendered(modifier)
        _resolve_as_rendered(thing.data)


def reveal(scene: bpy.types.Scene) -> None:
    """Shows to the render what the file hides from it."""
    for collection in scene.collection.children_recursive:
        collection.hide_render = False
    for layer_collection in _layer_collections(bpy.context.view_layer.layer_collection):
        layer_collection.exclude = False
    for thing in scene.objects:
        thing.hide_render = False
        thing.visible_camera = True


def _evaluate_as_rendered(modifier: bpy.types.Modifier) -> None:
    modifier.show_viewport = modifier.show_render
    if modifier.type in ("SUBSURF", "MULTIRES"):
        modifier.levels = modifier.render_levels
    if modifier.type == "PARTICLE_SYSTEM":
        modifier.particle_system.settings.display_percentage = 100


def _resolve_as_rendered(shape: bpy.types.ID | None) -> None:
    if isinstance(shape, bpy.types.MetaBall):
        shape.resolution = shape.render_resolution
    elif isinstance(shape, bpy.types.Curve):
        shape.resolution_u = shape.render_resolution_u or shape.resolution_u
        shape.resolution_v = shape.render_resolution_v or shape.resolution_v


def _layer_collections(root: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    for child in root.children:
        yield child
        yield from _layer_collections(child)
