"""Tells of materials that ask about what they stand in and cannot be answered as the file would."""

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
"""By type of node and name of the output."""


def warn_material_context(materials: Iterable[bpy.types.Material]) -> list[str]:
    """Warns of each kind of question once."""
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
