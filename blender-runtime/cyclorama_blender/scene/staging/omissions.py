"""Warns of things that Blender would show and our rendering does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import bpy

from cyclorama_blender.scene.asset.contents import surface_nodes
from cyclorama_blender.scene.asset.visibility import is_compositing_aid, is_seen
from cyclorama_blender.scene.staging.solids import KINDS

_NO_SURFACE = {"VOLUME": "volume objects", "GREASEPENCIL": "grease pencil objects", "GPENCIL": "grease pencil objects"}
"""Maps the types of objects without faces or depth to their names; GPENCIL is Blender 4.2's GREASEPENCIL."""


def warn_left_out(depsgraph: bpy.types.Depsgraph) -> list[str]:
    """Warns of each kind of visible thing that is not rendered, with its number."""
    counts: Counter[str] = Counter()
    for instance in depsgraph.object_instances:
        thing = instance.object
        if thing.type in _NO_SURFACE and is_seen(instance):
            counts[_NO_SURFACE[thing.type]] += 1
        if thing.type == "MESH" and is_seen(instance) and len(thing.data.vertices) and not len(thing.data.polygons):
            counts["meshes of points or lines alone"] += 1
        if thing.type in KINDS and is_seen(instance) and is_compositing_aid(instance):
            counts["shadow catchers, holdouts and objects for indirect light"] += 1
        if instance.show_particles:
            counts["systems of particle hair"] += sum(map(_is_hair, thing.modifiers))
    return [f"{kind} are left out of the rendering: {count}" for kind, count in sorted(counts.items()) if count]


def warn_materials(materials: Iterable[bpy.types.Material]) -> list[str]:
    """Warns of materials that will look different than the file means."""
    trees = {material.name: material.node_tree for material in materials if material.node_tree}
    # A volume is in the lit image, but not in the data passes.
    volumes = [name for name, tree in trees.items() if _is_volume(tree)]
    # In Cycles 'Shader to RGB' gives black, of which ramps then make one colour.
    toons = [name for name, tree in trees.items() if any(node.type == "SHADERTORGB" for node in surface_nodes(tree))]
    return [
        *warn_first("a volume has no surface, and so no depth, normals or edges", volumes),
        *warn_first("'Shader to RGB' is EEVEE's alone, so its light and shade are missing", toons),
    ]


def warn_first(what: str, names: list[str]) -> list[str]:
    """Warns of the named materials, if there are any, by the first name and the number of others."""
    if not names:
        return []
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return [f"{what}: material '{min(names)}'{more}"]


def _is_hair(modifier: bpy.types.Modifier) -> bool:
    if modifier.type != "PARTICLE_SYSTEM" or not modifier.show_render:
        return False
    settings = modifier.particle_system.settings
    return settings.type == "HAIR" and settings.render_type == "PATH"


def _is_volume(tree: bpy.types.NodeTree) -> bool:
    output = tree.get_output_node("CYCLES")
    return output is not None and output.inputs["Volume"].is_linked and not output.inputs["Surface"].is_linked
