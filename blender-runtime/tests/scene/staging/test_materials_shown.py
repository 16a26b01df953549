"""Every face keeps the material that Blender shows on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_cube, add_material, shoot

from cyclorama_blender.scene.staging.staged_scene import stage_scene


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def paint(thing: Any, *names: str) -> None:
    """Gives a cube's faces these materials in turn."""
    for name in names:
        add_material(thing).name = name
    for polygon in thing.data.polygons:
        polygon.material_index = polygon.index % len(names)


def names_by_face() -> list[list[str]]:
    """Returns the names of the faces' materials for each staged object."""
    staged = stage_scene(Path("asset.glb"), "METRIC")
    meshes = [thing.data for thing in staged.scene.objects if thing.type == "MESH"]
    return [[mesh.materials[polygon.material_index].name for polygon in mesh.polygons] for mesh in meshes]


def test_faces_keep_their_materials() -> None:
    paint(add_cube(), "red", "green", "blue")
    assert names_by_face() == [["red", "green", "blue"] * 2]


def test_a_material_of_the_object_goes_before_that_of_its_mesh() -> None:
    first, second = add_cube(), add_cube(at=(3, 0, 0))
    paint(first, "red", "green")
    second.data = first.data
    own = bpy.data.materials.new("own")
    second.material_slots[1].link = "OBJECT"
    second.material_slots[1].material = own
    assert names_by_face() == [["red", "green"] * 3, ["red", "own"] * 3]


def test_an_object_with_an_empty_slot_keeps_the_others() -> None:
    thing = add_cube()
    paint(thing, "red", "green")
    thing.data.materials[0] = None
    staged = stage_scene(Path("asset.glb"), "METRIC")
    [mesh] = [thing.data for thing in staged.scene.objects if thing.type == "MESH"]
    assert [material and material.name for material in mesh.materials] == [None, "green"]
    assert [polygon.material_index for polygon in mesh.polygons] == [0, 1] * 3


def test_a_material_that_geometry_nodes_set_is_shown() -> None:
    thing = add_cube()
    paint(thing, "red", "green")
    tree = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    node = tree.nodes.new("GeometryNodeSetMaterial")
    node.inputs["Material"].default_value = bpy.data.materials.new("set")
    tree.links.new(start.outputs[0], node.inputs["Geometry"])
    tree.links.new(node.outputs[0], end.inputs[0])
    thing.modifiers.new("nodes", "NODES").node_group = tree
    assert names_by_face() == [["set"] * 6]


def test_a_cube_of_two_colours_shows_both(tmp_path: Path) -> None:
    thing = add_cube()
    paint(thing, "red", "green")
    # The face towards the front camera is the third, the upper one the sixth.
    for name, color in (("red", (1, 0, 0, 1)), ("green", (0, 1, 0, 1))):
        shader = bpy.data.materials[name].node_tree.nodes["Principled BSDF"]
        shader.inputs["Base Color"].default_value = (0, 0, 0, 1)
        shader.inputs["Emission Color"].default_value = color
        shader.inputs["Emission Strength"].default_value = 1.0
    _, [view] = shoot(tmp_path, {})
    light = view["combined"]
    shows_red, shows_green = ((light[..., channel] > 0.9) & (light[..., 1 - channel] < 0.2) for channel in (0, 1))
    assert np.count_nonzero(shows_red) > 100
    assert np.count_nonzero(shows_green) > 100


@pytest.mark.parametrize("other", [None, "CYCLES", "ALL"])
def test_cycles_takes_an_output_for_eevee_where_it_has_none_of_its_own(other: str | None) -> None:
    tree = add_material(add_cube()).node_tree
    [output] = [node for node in tree.nodes if node.type == "OUTPUT_MATERIAL"]
    output.target = "EEVEE"
    if other:
        tree.nodes.new("ShaderNodeOutputMaterial").target = other
    stage_scene(Path("asset.blend"), "METRIC")
    assert (tree.get_output_node("CYCLES") == output) == (other is None)


def test_a_material_of_an_old_renderer_has_its_plain_colour(tmp_path: Path) -> None:
    material = add_material(add_cube())
    # Blender's renderer before 2.80 had its own nodes, which are undefined today.
    material.node_tree.nodes.clear()
    material.diffuse_color = (0.8, 0.4, 0.1, 1)
    message, [view] = shoot(tmp_path, {"samples": 16}, "asset.blend")
    expected = "no output for any renderer of today, so the plain colour is taken: material 'material'"
    assert message["warnings"] == [expected]
    red, green, blue = view["combined"][48, 48, :3]
    assert red > 1.5 * green > 3 * blue > 0
