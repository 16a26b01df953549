"""Things that the rendering leaves out bring a warning, and things that it shows bring none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest
from props import add_cube

from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset import importers, session
from cyclorama_blender.scene.staging.staged_scene import stage_scene


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def warnings() -> tuple[str, ...]:
    return stage_scene(Path("asset.blend"), "METRIC").warnings


def add_hair(thing: Any) -> Any:
    modifier = thing.modifiers.new("hair", "PARTICLE_SYSTEM")
    settings = modifier.particle_system.settings
    settings.type, settings.count = "HAIR", 10
    return modifier


def add_object(name: str, shape: Any) -> Any:
    thing = bpy.data.objects.new(name, shape)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_volume_material(thing: Any, name: str) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    volume = tree.nodes.new("ShaderNodeVolumePrincipled")
    output = tree.get_output_node("CYCLES")
    tree.links.remove(output.inputs["Surface"].links[0])
    tree.links.new(volume.outputs["Volume"], output.inputs["Volume"])
    thing.data.materials.append(material)
    return material


def add_geometry(thing: Any, kind: str) -> None:
    """Adds geometry nodes that pass a mesh through the node of this kind."""
    tree = bpy.data.node_groups.new(kind, "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    begin, made, end = (tree.nodes.new(name) for name in ("NodeGroupInput", kind, "NodeGroupOutput"))
    tree.links.new(begin.outputs[0], made.inputs[0])
    tree.links.new(made.outputs[0], end.inputs[0])
    thing.modifiers.new(kind, "NODES").node_group = tree


def test_hair_of_particle_systems() -> None:
    add_hair(add_cube(1.0))
    add_hair(add_cube(1.0, (3, 0, 0)))
    assert warnings() == ("systems of particle hair are left out of the rendering: 2",)


def test_hair_that_would_not_show_either_brings_no_warning() -> None:
    add_hair(add_cube(1.0)).show_render = False
    add_hair(add_cube(1.0, (3, 0, 0))).particle_system.settings.render_type = "OBJECT"
    add_hair(add_cube(1.0, (6, 0, 0))).particle_system.settings.type = "EMITTER"
    assert warnings() == ()


def test_volumes_of_objects_and_of_geometry_nodes() -> None:
    add_cube(1.0)
    add_object("smoke", bpy.data.volumes.new("smoke"))
    add_object("hidden", bpy.data.volumes.new("hidden")).hide_render = True
    add_geometry(add_cube(1.0, (3, 0, 0)), "GeometryNodeMeshToVolume")
    assert warnings() == ("volume objects are left out of the rendering: 2",)


def test_an_asset_of_nothing_else_says_so_when_it_fails() -> None:
    add_object("smoke", bpy.data.volumes.new("smoke"))
    with pytest.raises(RuntimeFailure) as caught:
        warnings()
    assert caught.value.reason == "no_geometry"
    assert caught.value.message.endswith("; volume objects are left out of the rendering: 1")


def test_grease_pencil() -> None:
    add_cube(1.0)
    kinds = bpy.data.grease_pencils_v3 if hasattr(bpy.data, "grease_pencils_v3") else bpy.data.grease_pencils
    add_object("drawing", kinds.new("drawing"))
    assert warnings() == ("grease pencil objects are left out of the rendering: 1",)


def test_materials_that_are_volumes_alone() -> None:
    for at, name in enumerate(("fog", "cloud")):
        add_volume_material(add_cube(1.0, (3 * at, 0, 0)), name)
    assert warnings() == ("a volume has no surface, and so no depth, normals or edges: material 'cloud' and 1 more",)


def test_glass_with_a_volume_inside_is_a_surface() -> None:
    material = add_volume_material(add_cube(1.0), "glass")
    tree = material.node_tree
    tree.links.new(tree.nodes["Principled BSDF"].outputs[0], tree.get_output_node("CYCLES").inputs["Surface"])
    assert warnings() == ()


def add_toon_material(thing: Any, name: str) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    toon, light = tree.nodes.new("ShaderNodeShaderToRGB"), tree.nodes.new("ShaderNodeEmission")
    tree.links.new(tree.nodes["Principled BSDF"].outputs[0], toon.inputs[0])
    tree.links.new(toon.outputs["Color"], light.inputs["Color"])
    tree.links.new(light.outputs[0], tree.get_output_node("ALL").inputs["Surface"])
    thing.data.materials.append(material)
    return material


def test_materials_that_eevee_alone_shades_are_told_of_in_one_sentence() -> None:
    for at, name in enumerate(("skin", "dress")):
        add_toon_material(add_cube(1.0, (3 * at, 0, 0)), name)
    told = "'Shader to RGB' is EEVEE's alone, so its light and shade are missing: material 'dress' and 1 more"
    assert warnings() == (told,)


def test_a_material_for_eevee_beside_one_for_cycles_is_none_of_ours() -> None:
    tree = add_toon_material(add_cube(1.0), "skin").node_tree
    tree.get_output_node("ALL").target = "EEVEE"
    own = tree.nodes.new("ShaderNodeOutputMaterial")
    own.target = "CYCLES"
    tree.links.new(tree.nodes["Principled BSDF"].outputs[0], own.inputs["Surface"])
    assert warnings() == ()


def test_point_clouds_of_geometry_nodes_are_on_stage() -> None:
    add_geometry(add_cube(1.0), "GeometryNodeMeshToPoints")
    staged = stage_scene(Path("asset.blend"), "METRIC")
    assert [thing.type for thing in staged.scene.objects if thing.type != "EMPTY"] == ["POINTCLOUD"]
    assert staged.warnings == ()


def test_instances_of_new_hair_are_on_stage() -> None:
    cloud = bpy.data.hair_curves.new("hair")
    cloud.add_curves([2])
    cloud.position_data.foreach_set("vector", [0.0, 0.0, 0.0, 4.0, 0.0, 0.0])
    collection = bpy.data.collections.new("shared")
    collection.objects.link(bpy.data.objects.new("hair", cloud))
    for x in (0, 3):
        empty = add_object("instancer", None)
        empty.instance_type, empty.instance_collection, empty.location = "COLLECTION", collection, (x, 0, 0)
    staged = stage_scene(Path("asset.blend"), "METRIC")
    assert [thing.type for thing in staged.scene.objects if thing.type != "EMPTY"] == ["CURVES"] * 2
    assert staged.placement.high[0] == pytest.approx(7, abs=0.02)
    assert staged.warnings == ()


def in_collection(thing: Any) -> Any:
    """Moves an object into its own collection; returns the view layer's collection."""
    group = bpy.data.collections.new("group")
    bpy.context.scene.collection.objects.unlink(thing)
    group.objects.link(thing)
    bpy.context.scene.collection.children.link(group)
    return bpy.context.view_layer.layer_collection.children["group"]


@pytest.mark.parametrize("flag", ["is_holdout", "is_shadow_catcher", "holdout", "indirect_only"])
def test_what_is_there_for_compositing_is_left_out(flag: str) -> None:
    add_cube(1.0)
    thing = add_cube(1.0, (9, 0, 0))
    setattr(thing if flag.startswith("is_") else in_collection(thing), flag, True)
    staged = stage_scene(Path("asset.blend"), "METRIC")
    assert staged.placement.high[0] == pytest.approx(0.5)
    assert staged.warnings == (
        "shadow catchers, holdouts and objects for indirect light are left out of the rendering: 1",
    )


@pytest.mark.parametrize("flag", ["is_holdout", "is_shadow_catcher", "holdout", "indirect_only"])
def test_a_file_of_nothing_but_things_for_compositing_is_shown_with_a_warning(flag: str) -> None:
    thing = add_cube(1.0)
    setattr(thing if flag.startswith("is_") else in_collection(thing), flag, True)
    staged = stage_scene(Path("asset.blend"), "METRIC")
    assert len(staged.parts) == 1
    assert [warning for warning in staged.warnings if "hides all" in warning] == list(staged.warnings)


@pytest.mark.parametrize("remap", [False, True])
def test_a_volume_without_a_file_refers_to_none(tmp_path: Path, remap: bool) -> None:
    add_cube(1.0)
    add_object("volume", bpy.data.volumes.new("volume"))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), copy=True, relative_remap=remap)
    session.reset()
    assert importers.import_asset(tmp_path / "a.blend") == []
    assert warnings() == ("volume objects are left out of the rendering: 1",)


@pytest.mark.parametrize("edges", [[], [(0, 1)]])
def test_points_and_lines_are_left_out_with_a_warning(edges: list[tuple[int, int]]) -> None:
    add_cube()
    cloud = bpy.data.meshes.new("cloud")
    cloud.from_pydata([(0, 0, 0), (1, 0, 0)], edges, [])
    add_object("cloud", cloud)
    add_object("empty", bpy.data.meshes.new("empty"))
    assert warnings() == ("meshes of points or lines alone are left out of the rendering: 1",)
