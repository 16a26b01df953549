"""Blender itself describes an asset's objects, surfaces, materials, textures and animations."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset import contents, geometry, importers, inspection, session

pytestmark = pytest.mark.usefixtures("empty_scene")


def add_box(**where: Any) -> Any:
    bpy.ops.mesh.primitive_cube_add(**where)
    return bpy.context.object


def stats() -> dict[str, Any]:
    return inspection.inspect_scene([]).message["stats"]


def surface(*names: str) -> list[Any]:
    found = stats()["surface"]
    return [int(found[name]) if isinstance(found[name], str) else found[name] for name in names]


def exported_and_imported(path: Path, **options: Any) -> dict[str, Any]:
    bpy.ops.export_scene.gltf(filepath=str(path), **options)
    session.reset()
    importers.import_asset(path)
    return stats()


def test_without_stats_only_the_basic_figures_are_taken():
    add_box()
    assert "stats" not in inspection.inspect_scene([], with_stats=False).message


def test_a_glb_is_torn_at_seams_and_its_surface_is_not(tmp_path: Path):
    add_box(size=2)
    found = exported_and_imported(tmp_path / "box.glb")
    assert inspection.inspect_scene([]).message["vertices"] == "24"
    assert {name: value for name, value in found["surface"].items() if value != "0"} == {
        "positions": "8",
        "edges": "18",
        "connectedParts": "1",
        "watertight": True,
        "area": pytest.approx(24),
        "volume": pytest.approx(8),
    }


def test_objects_are_counted_by_kind():
    box = add_box()
    linked = bpy.data.objects.new("Linked", box.data)
    bpy.context.scene.collection.objects.link(linked)
    for add in (bpy.ops.object.camera_add, bpy.ops.object.light_add, bpy.ops.object.empty_add):
        add()
    bpy.ops.curve.primitive_bezier_circle_add()
    assert stats()["objects"] == {
        "total": 6,
        "meshObjects": "2",
        "meshes": 1,
        "instances": "1",
        "skinned": 0,
        "armatures": 0,
        "cameras": 1,
        "lights": 1,
        "empties": 1,
        "others": 1,
    }


def test_the_surface_counts_each_instance_in_its_place():
    box = add_box(size=1)
    group = bpy.data.collections.new("Group")
    group.objects.link(box)
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", group
    instance.scale = (2, 2, 2)
    bpy.context.scene.collection.objects.link(instance)
    assert surface("edges", "connectedParts", "area", "volume") == [24, 2, pytest.approx(30), pytest.approx(9)]


def test_a_surface_is_of_the_mesh_before_modifiers():
    box = add_box(size=1)
    box.modifiers.new("row", "ARRAY").count = 3
    assert surface("edges", "area") == [12, pytest.approx(6)]


def test_layers_are_named_once():
    for _ in range(2):
        mesh = add_box().data
        mesh.uv_layers.new(name="Lightmap")
        mesh.color_attributes.new("Tint", "BYTE_COLOR", "CORNER")
    found = stats()
    assert (found["uvLayers"], found["colorLayers"]) == (["Lightmap", "UVMap"], ["Tint"])


def add_material(box: Any, name: str, *nodes: str) -> None:
    material = bpy.data.materials.new(name)
    box.data.materials.append(material)
    if not nodes:
        return
    material.use_nodes = True
    tree = material.node_tree
    output = tree.get_output_node("ALL")
    for link in list(output.inputs["Surface"].links):
        tree.links.remove(link)
    for node in nodes:
        tree.links.new(tree.nodes.new(node).outputs[0], output.inputs["Surface"])


def test_materials_are_told_apart_by_what_shades_them():
    box = add_box()
    # A new material's Principled BSDF stays in the tree, but shades nothing once it is not linked.
    add_material(box, "Paint", "ShaderNodeBsdfPrincipled")
    add_material(box, "Sign", "ShaderNodeEmission")
    add_material(box, "Lamp", "ShaderNodeEmission")
    add_material(box, "Glass", "ShaderNodeBsdfGlass")
    add_material(box, "Viewport")
    assert stats()["materialKinds"] == {"none": 1, "other": 1, "principled": 1, "unlit": 2}


def test_groups_of_nodes_that_are_used_many_times_are_gone_over_once():
    inner = None
    for level in range(12):
        outer = bpy.data.node_groups.new(f"level {level}", "ShaderNodeTree")
        for _ in range(2 if inner else 0):
            outer.nodes.new("ShaderNodeGroup").node_tree = inner
        inner = outer
    assert [tree.name for tree in contents.with_groups([inner])] == [f"level {level}" for level in range(11, -1, -1)]


def test_an_unlit_gltf_material_is_unlit(tmp_path: Path):
    add_material(add_box(), "Sign", "ShaderNodeBackground")
    assert exported_and_imported(tmp_path / "sign.glb")["materialKinds"] == {"unlit": 1}


def test_textures_tell_size_and_format_or_that_they_are_missing(tmp_path: Path):
    for name, form in (("Wood", "PNG"), ("Cloth", "JPEG")):
        image = bpy.data.images.new(name, 8, 4)
        image.file_format = form
        image.filepath_raw = str(tmp_path / name)
        image.save()
        image.pack()
    gone = bpy.data.images.new("Gone", 1, 1)
    gone.source, gone.filepath = "FILE", str(tmp_path / "gone.png")
    answer = inspection.inspect_scene([])
    assert answer.message["stats"]["textures"] == [
        {"name": "Cloth", "width": 8, "height": 4, "format": "jpeg"},
        {"name": "Gone", "missing": True},
        {"name": "Wood", "width": 8, "height": 4, "format": "png"},
    ]
    assert answer.warnings == ("texture 'gone.png' is missing or cannot be read",)


def test_a_pattern_that_blender_makes_has_no_file_format():
    bpy.data.images.new("Grid", 8, 4)
    expected = {"name": "Grid", "width": 8, "height": 4, "format": "generated"}
    assert inspection.inspect_scene([]).message["stats"]["textures"] == [expected]


def test_a_rig_is_counted_and_what_it_moves(tmp_path: Path):
    box = add_box()
    bpy.ops.object.armature_add()
    rig = bpy.context.object
    box.parent = rig
    box.modifiers.new("rig", "ARMATURE").object = rig
    box.vertex_groups.new(name="Bone").add(range(8), 1, "REPLACE")
    for frame, angle in ((1, 0), (25, 1)):
        rig.pose.bones["Bone"].rotation_quaternion.x = angle
        rig.pose.bones["Bone"].keyframe_insert("rotation_quaternion", frame=frame)
    rig.animation_data.action.name = "Nod"
    found = exported_and_imported(tmp_path / "rig.glb")
    assert (found["bones"], found["objects"]["armatures"], found["objects"]["skinned"]) == (1, 1, 1)
    assert found["animations"] == [{"name": "Nod", "durationS": 1.0, "moves": ["bones"]}]


def animate(owner: Any, path: str, name: str) -> None:
    for frame in (0, 12):
        owner.keyframe_insert(path, frame=frame)
    owner.id_data.animation_data.action.name = name


def test_animations_say_what_they_move():
    box = add_box()
    box.shape_key_add(name="Basis")
    smile = box.shape_key_add(name="Smile")
    bpy.ops.object.camera_add()
    camera = bpy.context.object
    bpy.ops.object.light_add()
    lamp = bpy.context.object
    bpy.ops.object.empty_add()
    material = bpy.data.materials.new("Paint")
    animate(bpy.context.object, "location", "Drive")
    animate(smile, "value", "Grin")
    animate(camera.data, "lens", "Zoom")
    animate(lamp.data, "energy", "Flicker")
    animate(material, "diffuse_color", "Fade")
    animate(bpy.context.scene, "gravity", "Float")
    found = stats()
    assert found["shapeKeys"] == 1
    assert {each["name"]: each["moves"] for each in found["animations"]} == {
        "Drive": ["objects"],
        "Grin": ["shape_keys"],
        "Zoom": ["cameras"],
        "Flicker": ["lights"],
        "Fade": ["materials"],
        "Float": ["others"],
    }
    assert {each["durationS"] for each in found["animations"]} == {0.5}


def test_long_lists_are_cut_and_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inspection, "MAX_LISTED", 2)
    for name in ("A", "B", "C"):
        bpy.data.images.new(name, 1, 1)
    answer = inspection.inspect_scene([])
    assert [each["name"] for each in answer.message["stats"]["textures"]] == ["A", "B"]
    assert answer.warnings == ("textures: only the first 2 of 3 are listed",)


def test_the_unit_of_a_scene_is_told():
    bpy.context.scene.unit_settings.scale_length = 0.01
    assert inspection.inspect_scene([]).message["unitMetres"] == pytest.approx(0.01)


def test_a_huge_asset_has_no_area_rather_than_a_wrong_one():
    box = add_box()
    box.scale = (3e38, 3e38, 3e38)
    assert "inf" not in str(stats()["surface"].get("area", "absent"))


def name_another_vertex(mesh: Any) -> None:
    mesh.attributes[".corner_vert"].data.foreach_set("value", np.full(24, 99, dtype=np.int32))


def begin_a_polygon_elsewhere(mesh: Any) -> None:
    mesh.polygons[1].loop_start = 90


@pytest.mark.parametrize("spoil", [name_another_vertex, begin_a_polygon_elsewhere])
def test_a_mesh_that_refers_to_what_it_does_not_have_is_refused(spoil: Callable[[Any], None]):
    mesh = add_box().data
    spoil(mesh)
    with pytest.raises(RuntimeFailure, match="does not have") as caught:
        geometry.read_mesh(mesh)
    assert caught.value.reason == "invalid_asset"


def test_a_mesh_that_was_saved_in_edit_mode_is_read_like_any_other(tmp_path: Path):
    add_box(size=1)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "edited.blend"), copy=True)
    session.reset()
    importers.import_asset(tmp_path / "edited.blend")
    assert bpy.context.scene.objects[0].data.is_editmode
    assert surface("edges", "connectedParts", "area") == [12, 1, pytest.approx(6)]


def test_a_sphere_is_measured_as_one():
    bpy.ops.mesh.primitive_uv_sphere_add(segments=128, ring_count=64, radius=2)
    area, volume, watertight = surface("area", "volume", "watertight")
    assert watertight
    assert area == pytest.approx(4 * math.pi * 4, rel=2e-3)
    assert volume == pytest.approx(4 / 3 * math.pi * 8, rel=2e-3)
