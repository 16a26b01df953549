"""Makes Blender evaluate the objects that a render would show: Python sees only the viewport's dependency graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

RENDER_COUNTERPARTS = {
    "SUBSURF": ("levels", "render_levels"),
    "MULTIRES": ("levels", "render_levels"),
    "SCREW": ("steps", "render_steps"),
    "OCEAN": ("viewport_resolution", "resolution"),
}
"""Maps a modifier's type to the names of its viewport setting and of its render setting."""

VIEWPORT_ONLY = (".show_viewport", "hide_viewport", *(f".{viewport}" for viewport, _ in RENDER_COUNTERPARTS.values()))
"""Ends of the paths of properties that only the viewport uses. Their drivers would overwrite our values."""


def show_as_rendered() -> None:
    """Copies visibility, modifiers and resolution from the render's settings to the viewport's.

    Does so for all objects, not only the scene's, since instances may show objects from outside of the scene.
    """
    for collection in bpy.data.collections:
        _change(collection, "hide_viewport", collection.hide_render)
    for layer_collection in layer_collections(bpy.context.view_layer.layer_collection):
        _change(layer_collection, "hide_viewport", False)
    for thing in bpy.context.view_layer.objects:
        thing.hide_set(False)
    for thing in bpy.data.objects:
        _change(thing, "hide_viewport", thing.hide_render)
        _change(thing, "show_instancer_for_viewport", thing.show_instancer_for_render)
        for modifier in thing.modifiers:
            _evaluate_as_rendered(modifier)
        _resolve_as_rendered(thing.data)
        _mute_drivers(thing)
    for tree in bpy.data.node_groups:
        _replace_is_viewport(tree)


def is_seen(instance: bpy.types.DepsgraphObjectInstance) -> bool:
    """Returns whether the camera sees an instance; its instancer may hide it too."""
    shower = instance.parent or instance.object
    return instance.show_self and instance.object.visible_camera and shower.visible_camera


def is_compositing_aid(instance: bpy.types.DepsgraphObjectInstance) -> bool:
    """Returns whether an instance serves only compositing: it catches shadows, cuts a hole or only reflects light."""
    thing = instance.object
    shower = instance.parent or thing
    flags = thing.is_holdout, thing.is_shadow_catcher, shower.is_shadow_catcher
    return any(flags) or shower.original.holdout_get() or shower.original.indirect_only_get()


def reveal(scene: bpy.types.Scene) -> None:
    """Shows in the render all objects that the file hides from it."""
    for collection in scene.collection.children_recursive:
        collection.hide_render = False
    for layer_collection in layer_collections(bpy.context.view_layer.layer_collection):
        layer_collection.exclude = layer_collection.holdout = layer_collection.indirect_only = False
    for thing in scene.objects:
        thing.hide_render = thing.is_holdout = thing.is_shadow_catcher = False
        thing.visible_camera = True


def _change(owner: Any, name: str, value: object) -> None:
    """Sets a property only if it differs, since Blender evaluates again after every assignment."""
    if getattr(owner, name) != value:
        setattr(owner, name, value)


def _evaluate_as_rendered(modifier: bpy.types.Modifier) -> None:
    _change(modifier, "show_viewport", modifier.show_render)
    if modifier.type in RENDER_COUNTERPARTS:
        in_viewport, in_render = RENDER_COUNTERPARTS[modifier.type]
        _change(modifier, in_viewport, getattr(modifier, in_render))
    if modifier.type == "PARTICLE_SYSTEM":
        _change(modifier.particle_system.settings, "display_percentage", 100)


def _resolve_as_rendered(shape: bpy.types.ID | None) -> None:
    if isinstance(shape, bpy.types.MetaBall):
        _change(shape, "resolution", shape.render_resolution)
    elif isinstance(shape, bpy.types.Curve):
        _change(shape, "resolution_u", shape.render_resolution_u or shape.resolution_u)
        _change(shape, "resolution_v", shape.render_resolution_v or shape.resolution_v)


def _mute_drivers(thing: bpy.types.Object) -> None:
    for driver in thing.animation_data.drivers if thing.animation_data else ():
        if driver.data_path.endswith(VIEWPORT_ONLY):
            driver.mute = True


def _replace_is_viewport(tree: bpy.types.NodeTree) -> None:
    """Replaces the nodes that ask whether they are in the viewport by the answer `no`."""
    for node in [node for node in tree.nodes if node.bl_idname == "GeometryNodeIsViewport"]:
        no = tree.nodes.new("FunctionNodeInputBool")
        for link in node.outputs[0].links:
            tree.links.new(no.outputs[0], link.to_socket)
        tree.nodes.remove(node)


def layer_collections(root: bpy.types.LayerCollection) -> Iterator[bpy.types.LayerCollection]:
    """Yields all layer collections below one."""
    for child in root.children:
        yield child
        yield from layer_collections(child)
