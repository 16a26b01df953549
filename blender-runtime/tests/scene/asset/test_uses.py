"""The right meshes of a file are counted and measured, at the right places."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from cyclorama_blender.scene.asset import inspection

pytestmark = pytest.mark.usefixtures("empty_scene")


def add_box(**where: Any) -> Any:
    bpy.ops.mesh.primitive_cube_add(**where)
    return bpy.context.object


def add_instance_of(box: Any) -> Any:
    group = bpy.data.collections.new("Group")
    group.objects.link(box)
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", group
    bpy.context.scene.collection.objects.link(instance)
    return instance


def test_instances_of_what_geometry_nodes_make_are_measured_and_not_counted():
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=2, y_subdivisions=2, size=2)
    nodes = bpy.data.node_groups.new("Cubes", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        nodes.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    taken, given, cube, points = (
        nodes.nodes.new(kind)
        for kind in ("NodeGroupInput", "NodeGroupOutput", "GeometryNodeMeshCube", "GeometryNodeInstanceOnPoints")
    )
    nodes.links.new(taken.outputs[0], points.inputs["Points"])
    nodes.links.new(cube.outputs[0], points.inputs["Instance"])
    nodes.links.new(points.outputs[0], given.inputs[0])
    bpy.context.object.modifiers.new("Cubes", "NODES").node_group = nodes
    message = inspection.inspect_scene([]).message
    assert (message["vertices"], message["meshObjects"]) == ("9", "1")
    assert message["boundsMax"] == {"x": 1.5, "y": 1.5, "z": 0.5}


def test_instances_whose_object_has_modifiers_are_counted():
    box = add_box()
    box.modifiers.new("row", "ARRAY").count = 3
    add_instance_of(box)
    message = inspection.inspect_scene([]).message
    assert (message["vertices"], message["meshObjects"]) == ("16", "2")


def test_lengths_are_metres_whatever_the_unit_of_the_scene():
    add_instance_of(add_box(size=2, location=(3, 0, 0))).location.x = 10
    bpy.context.scene.unit_settings.scale_length = 0.01
    message = inspection.inspect_scene([]).message
    assert message["unitMetres"] == 0.01
    assert message["boundsMin"] == pytest.approx({"x": 0.02, "y": -0.01, "z": -0.01})
    assert message["boundsMax"] == pytest.approx({"x": 0.14, "y": 0.01, "z": 0.01})
    surface = message["stats"]["surface"]
    assert (surface["area"], surface["volume"]) == (pytest.approx(48e-4), pytest.approx(16e-6))


@pytest.mark.parametrize("how", ["object", "eye"])
def test_what_a_hidden_object_brings_in_is_counted_and_measured(how: str):
    box = add_box(size=2)
    instance = add_instance_of(box)
    bpy.context.scene.collection.objects.unlink(box)
    instance.location.x = 5
    if how == "object":
        instance.hide_viewport = True
    else:
        instance.hide_set(True)
    answer = inspection.inspect_scene([])
    assert answer.message["vertices"] == "8"
    assert answer.message["boundsMax"]["x"] == 6
    assert "hides" in answer.warnings[0]


def test_meshes_of_other_scenes_and_of_none_are_told_of():
    box = add_box()
    bpy.data.scenes.new("Other").collection.objects.link(bpy.data.objects.new("There", box.data))
    bpy.data.objects.new("Nowhere", box.data)
    answer = inspection.inspect_scene([])
    assert answer.message["vertices"] == "8"
    assert answer.warnings == ("mesh objects outside of scene 'Scene' are neither counted nor measured: 2",)


def test_an_action_without_curves_is_no_animation():
    box = add_box()
    box.keyframe_insert("location", frame=1)
    bpy.data.actions.new("Nothing")
    assert [clip["name"] for clip in inspection.inspect_scene([]).message["stats"]["animations"]] == ["CubeAction"]
