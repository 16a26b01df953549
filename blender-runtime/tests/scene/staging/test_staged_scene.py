"""The staged scene shows everything that a render of the file would show, at the origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_cube, add_mesh

from cyclorama_blender.maths.framing import reach
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.staging.staged_scene import StagedScene, stage_scene

GLB = Path("asset.glb")


def rendered_box(staged: StagedScene) -> np.ndarray:
    """Measures the box of the scene's objects with Blender's own matrices."""
    found = []
    with bpy.context.temp_override(scene=staged.scene, view_layer=staged.scene.view_layers[0]):
        depsgraph = bpy.context.evaluated_depsgraph_get()
    for instance in depsgraph.object_instances:
        if instance.object.type == "MESH":
            points = np.array([tuple(vertex.co) for vertex in instance.object.data.vertices])
            matrix = np.array(instance.matrix_world)
            found.append(points @ matrix[:3, :3].T + matrix[:3, 3])
    points = np.concatenate(found)
    return np.array([points.min(axis=0), points.max(axis=0)])


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


@pytest.mark.parametrize("at", [(0, 0, 0), (3, -4, 5), (1e6, -1e6, 5e5)])
def test_the_middle_of_the_box_comes_to_the_origin(at: tuple[float, float, float]) -> None:
    add_cube(2.0, at)
    staged = stage_scene(GLB, "METRIC")
    np.testing.assert_allclose(rendered_box(staged), [(-1, -1, -1), (1, 1, 1)], atol=1e-6)
    np.testing.assert_allclose(staged.placement.translation, -np.array(at, dtype=float), rtol=1e-7)
    assert (staged.placement.scale, staged.strays, staged.warnings) == (1.0, 0, ())


def test_parts_far_from_the_origin_keep_their_places_among_each_other() -> None:
    root = bpy.data.objects.new("root", None)
    bpy.context.scene.collection.objects.link(root)
    root.location = (1e6, 0, 0)
    for index in range(5):
        add_cube(0.1, (0.013 * index, 0, 0)).parent = root
    box = rendered_box(stage_scene(GLB, "METRIC"))
    np.testing.assert_allclose(box[1] - box[0], (0.152, 0.1, 0.1), atol=1e-5)


def test_vertices_far_from_the_origin_are_as_good_as_the_file_has_them() -> None:
    points = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]) + 1e6
    add_mesh(points, [(0, 1, 3, 2), (4, 6, 7, 5)])
    staged = stage_scene(GLB, "METRIC")
    np.testing.assert_allclose(rendered_box(staged), [(-0.5, -0.5, -0.5), (0.5, 0.5, 0.5)], atol=1e-6)


@pytest.mark.parametrize("size", [1e-4, 1e5])
def test_tiny_and_huge_assets_are_rendered_at_length_one(size: float) -> None:
    add_cube(size, (size, 0, 0))
    staged = stage_scene(GLB, "METRIC")
    np.testing.assert_allclose(rendered_box(staged), [(-0.5,) * 3, (0.5,) * 3], atol=1e-6)
    assert staged.placement.scale == pytest.approx(1 / size, rel=1e-5)


def test_units_of_a_blend_become_metres() -> None:
    bpy.context.scene.unit_settings.scale_length = 0.01
    add_cube(200.0, (500, 0, 0))
    staged = stage_scene(Path("asset.blend"), "METRIC")
    np.testing.assert_allclose(rendered_box(staged), [(-1,) * 3, (1,) * 3], atol=1e-5)
    np.testing.assert_allclose(staged.placement.translation, (-5, 0, 0), rtol=1e-6)


def test_loose_vertices_do_not_count() -> None:
    add_mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0), (50, 50, 50)], [(0, 1, 2)])
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (1, 1, 0), atol=1e-6)


def test_faces_without_an_area_do_not_count() -> None:
    add_mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0), (9, 0, 0), (9, 1, 0)], [(0, 1, 2), (3, 3, 4)])
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (1, 1, 0), atol=1e-6)


@pytest.mark.parametrize("scale", [(0, 0, 0), (0, 2, 0), (1e-9, 1e-9, 1e-9)])
def test_objects_scaled_to_a_dot_or_a_line_do_not_count(scale: tuple[float, float, float]) -> None:
    add_cube(1.0)
    add_cube(1.0, (9, 0, 0)).scale = scale
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (0.5, 0.5, 0.5), atol=1e-6)


def test_an_object_scaled_flat_counts() -> None:
    add_cube(1.0)
    add_cube(1.0, (9, 0, 0)).scale = (1, 0, 1)
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (9.5, 0.5, 0.5), atol=1e-6)


@pytest.mark.parametrize("coordinate", [1e9, float("nan"), float("inf")])
def test_a_stray_vertex_loses_its_faces_and_is_told_of(coordinate: float) -> None:
    cube = add_cube(2.0)
    points = [tuple(vertex.co) for vertex in cube.data.vertices] + [(coordinate, 0, 0)]
    faces = [tuple(face.vertices) for face in cube.data.polygons] + [(0, 1, 8)]
    bpy.data.objects.remove(cube)
    add_mesh(points, faces)
    staged = stage_scene(GLB, "METRIC")
    np.testing.assert_allclose(rendered_box(staged), [(-1,) * 3, (1,) * 3], atol=1e-5)
    assert staged.strays == 1
    assert staged.warnings[0].endswith("not finite: 1")


def test_a_sheared_place_stays_sheared() -> None:
    parent = bpy.data.objects.new("parent", None)
    bpy.context.scene.collection.objects.link(parent)
    parent.scale = (3, 1, 1)
    child = add_cube(1.0)
    child.parent = parent
    child.rotation_euler = (0, 0, 0.7)
    bpy.context.view_layer.update()
    corners = np.array([tuple(child.matrix_world @ vertex.co) for vertex in child.data.vertices])
    box = rendered_box(stage_scene(GLB, "METRIC"))
    np.testing.assert_allclose(box[1] - box[0], np.ptp(corners, axis=0), rtol=1e-5)


def test_what_a_render_hides_is_not_on_stage() -> None:
    add_cube(1.0)
    add_cube(1.0, (9, 0, 0)).hide_render = True
    add_cube(1.0, (0, 9, 0)).visible_camera = False
    hidden = bpy.data.collections.new("hidden")
    bpy.context.scene.collection.children.link(hidden)
    other = add_cube(1.0, (0, 0, 9))
    bpy.context.scene.collection.objects.unlink(other)
    hidden.objects.link(other)
    hidden.hide_render = True
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (0.5,) * 3, atol=1e-6)


def test_what_only_the_viewport_hides_is_on_stage() -> None:
    add_cube(1.0)
    add_cube(1.0, (9, 0, 0)).hide_viewport = True
    other = add_cube(1.0, (0, 9, 0))
    other.hide_set(True)
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (9.5, 9.5, 0.5), atol=1e-6)


def test_a_file_that_hides_everything_is_shown_with_a_warning() -> None:
    add_cube(1.0).hide_render = True
    staged = stage_scene(GLB, "METRIC")
    assert len(staged.parts) == 1
    assert "hides all" in staged.warnings[0]


def test_modifiers_count_as_the_render_has_them() -> None:
    cube = add_cube(2.0)
    for name, in_viewport, in_render in (("both", 1, 3), ("viewport only", 2, 0)):
        array = cube.modifiers.new(name, "ARRAY")
        array.count, array.use_relative_offset, array.use_constant_offset = 2, False, True
        array.constant_offset_displace = (10.0 * in_render, 100.0 * (in_viewport - 1), 0)
        array.show_viewport, array.show_render = bool(in_viewport), bool(in_render)
    smooth = cube.modifiers.new("smooth", "SUBSURF")
    smooth.levels, smooth.render_levels = 0, 2
    staged = stage_scene(GLB, "METRIC")
    assert staged.placement.high[0] == pytest.approx(31, abs=0.6)
    assert staged.placement.high[1] < 1
    assert len(staged.parts[0].points) == 2 * 98


def test_a_gltf_stands_as_its_animation_begins() -> None:
    cube = add_cube(1.0)
    for frame in (0, 24):
        cube.location = (frame, 0, 0)
        cube.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(1)
    staged = stage_scene(GLB, "METRIC")
    assert staged.placement.high[0] == pytest.approx(0.5)
    assert staged.frame == 0
    bpy.context.scene.frame_set(24)
    assert stage_scene(Path("asset.blend"), "METRIC").placement.high[0] == pytest.approx(24.5)


def test_skinned_meshes_stand_in_their_pose() -> None:
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new("bone")
    bone.head, bone.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    cube = add_cube(1.0)
    cube.vertex_groups.new(name="bone").add(range(8), 1.0, "REPLACE")
    cube.modifiers.new("skin", "ARMATURE").object = rig
    rig.pose.bones["bone"].location = (7, 0, 0)
    np.testing.assert_allclose(stage_scene(GLB, "METRIC").placement.high, (7.5, 0.5, 0.5), atol=1e-5)


def test_instances_share_a_mesh_and_stand_everywhere() -> None:
    collection = bpy.data.collections.new("shared")
    cube = add_cube(1.0)
    bpy.context.scene.collection.objects.unlink(cube)
    collection.objects.link(cube)
    for x in (0, 5, 10):
        empty = bpy.data.objects.new("instancer", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", collection
        empty.location = (x, 0, 0)
        bpy.context.scene.collection.objects.link(empty)
    staged = stage_scene(GLB, "METRIC")
    assert len(staged.parts) == 3
    np.testing.assert_allclose(rendered_box(staged)[1], (5.5, 0.5, 0.5), atol=1e-6)
    assert len({thing.data.name for thing in staged.scene.objects if thing.type == "MESH"}) == 1
    assert len({thing.pass_index for thing in staged.scene.objects if thing.type == "MESH"}) == 3


def test_curves_texts_and_metaballs_are_on_stage_as_meshes() -> None:
    bpy.ops.curve.primitive_bezier_circle_add(radius=1, location=(0, 0, 0))
    bpy.context.object.data.bevel_depth = 0.1
    bpy.ops.object.metaball_add(location=(5, 0, 0))
    bpy.ops.object.text_add(location=(10, 0, 0))
    staged = stage_scene(Path("asset.blend"), "METRIC")
    assert len(staged.parts) == 3
    assert staged.placement.low[0] == pytest.approx(-1.1, abs=0.02)
    assert staged.placement.high[0] > 11


def test_hair_and_points_are_framed_with_their_radius() -> None:
    cloud = bpy.data.hair_curves.new("hair")
    cloud.add_curves([2])
    cloud.attributes.new("radius", "FLOAT", "POINT").data.foreach_set("value", [0.5, 0.5])
    cloud.position_data.foreach_set("vector", [0.0, 0.0, 0.0, 4.0, 0.0, 0.0])
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("hair", cloud))
    staged = stage_scene(Path("asset.blend"), "METRIC")
    np.testing.assert_allclose(staged.placement.high, (4.5, 0.5, 0.5), atol=1e-5)
    assert [thing.type for thing in staged.scene.objects if thing.type != "EMPTY"] == ["CURVES"]


def test_lights_cameras_and_the_world_of_the_file_stay_behind() -> None:
    bpy.ops.object.light_add(type="SUN")
    bpy.ops.object.camera_add()
    bpy.context.scene.world = bpy.data.worlds.new("theirs")
    add_cube(1.0)
    staged = stage_scene(GLB, "METRIC")
    assert {thing.type for thing in staged.scene.objects} == {"MESH", "EMPTY"}
    assert staged.scene.world is None and staged.scene.camera is None


@pytest.mark.parametrize("faces", [[], [(0, 1, 2)]])
def test_nothing_to_see_is_no_geometry(faces: list[tuple[int, int, int]]) -> None:
    add_mesh([(1, 1, 1)] * 3, faces)
    with pytest.raises(RuntimeFailure) as caught:
        stage_scene(GLB, "METRIC")
    assert caught.value.reason == "no_geometry"


def test_parts_and_scene_are_one_thing() -> None:
    add_cube(1.0, (3, 0, 0))
    add_mesh([(0, 0, 0), (0, 0, 7), (0, 3, 0)], [(0, 1, 2)])
    staged = stage_scene(GLB, "METRIC")
    axes = np.concatenate([-np.eye(3), np.eye(3)])
    furthest = reach(staged.parts, axes)
    np.testing.assert_allclose(rendered_box(staged), [-furthest[:3], furthest[3:]], atol=1e-5)
