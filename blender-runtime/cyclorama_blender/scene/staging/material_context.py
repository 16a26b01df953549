"""Warns of materials that ask about the scene around them, since our scene answers differently than the file's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import bpy

from cyclorama_blender.scene.asset.contents import with_groups

_PLACES = "places in the file's world"
_OUTPUTS = {
    ("OBJECT_INFO", "Random"): "random numbers of objects",
    ("OBJECT_INFO", "Object Index"): "indices of objects",
    ("OBJECT_INFO", "Location"): _PLACES,
    ("NEW_GEOMETRY", "Position"): _PLACES,
}
"""Maps a node's type and the name of an output to the plural of what it asks for."""


def warn_material_context(materials: Iterable[bpy.types.Material]) -> list[str]:
    """Warns once of each kind of fact that materials ask for and our scene changes."""
    trees = with_groups(material.node_tree for material in materials if material.node_tree)
    asked = {question for tree in trees for node in tree.nodes for question in _questions(node)}
    return [
        f"materials ask for {question}, which in the rendering are not those of the file" for question in sorted(asked)
    ]


def _questions(node: bpy.types.Node) -> Iterator[str]:
    for output in node.outputs:
        if not output.is_linked:
            continue
        if (node.type, output.name) in _OUTPUTS:
            yield _OUTPUTS[node.type, output.name]
        elif node.type == "TEX_COORD" and output.name == "Object" and node.object is not None:
            yield _PLACES
        elif node.type == "ATTRIBUTE" and node.attribute_type == "INSTANCER":
            yield "attributes of instances"
        elif node.type == "PARTICLE_INFO":
            yield "facts about particles"
