"""The viewport's dependency graph shows the same objects as a render would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_cube

from cyclorama_blender.scene.staging.staged_scene import stage_scene

BLEND = Path("asset.blend")


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def instanced(*things: Any) -> Any:
    """Moves objects into a collection that only an instance shows."""
    group = bpy.data.collections.new("group")
    for thing in things:
        bpy.context.scene.collection.objects.unlink(thing)
        group.objects.link(thing)
    empty = bpy.data.objects.new("instancer", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", group
    bpy.context.scene.collection.objects.link(empty)
    return group


def test_what_collections_bring_in_shows_as_in_a_render() -> None:
    shown, cutter, smooth = (add_cube(1.0, (x, 0, 0)) for x in (-2, 3, 0))
    shown.hide_viewport, cutter.hide_render = True, True
    subdivided = smooth.modifiers.new("smooth", "SUBSURF")
    subdivided.levels, subdivided.render_levels = 0, 2
    instanced(shown, cutter, smooth)
    staged = stage_scene(BLEND, "METRIC")
    assert sorted(len(part.points) for part in staged.parts) == [8, 98]
    assert staged.placement.low[0] == pytest.approx(-2.5)


def test_a_collection_within_an_instance_is_hidden_as_in_a_render() -> None:
    group = instanced(add_cube(1.0))
    inner = bpy.data.collections.new("inner")
    group.children.link(inner)
    other = add_cube(1.0, (5, 0, 0))
    bpy.context.scene.collection.objects.unlink(other)
    inner.objects.link(other)
    inner.hide_render = True
    assert len(stage_scene(BLEND, "METRIC").parts) == 1


def test_what_is_linked_from_a_library_shows_as_in_a_render(tmp_path: Path) -> None:
    instanced(add_cube(1.0), hidden := add_cube(1.0, (3, 0, 0)))
    hidden.hide_render = True
    bpy.data.libraries.write(str(tmp_path / "library.blend"), {bpy.data.collections["group"]})
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, here):
        here.collections = ["group"]
    empty = bpy.data.objects.new("instancer", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", here.collections[0]
    bpy.context.scene.collection.objects.link(empty)
    assert len(stage_scene(BLEND, "METRIC").parts) == 1
    here.collections[0].override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    empty.instance_type = "NONE"
    assert len(stage_scene(BLEND, "METRIC").parts) == 1


def test_animated_and_driven_visibility_is_that_of_the_render_at_the_frame() -> None:
    cube = add_cube(1.0)
    late = add_cube(1.0, (2, 0, 0))
    for frame, hidden in ((1, True), (10, False)):
        late.hide_render, late.hide_viewport = hidden, True
        late.keyframe_insert("hide_render", frame=frame)
        late.keyframe_insert("hide_viewport", frame=frame)
    row = cube.modifiers.new("row", "ARRAY")
    row.count, row.show_viewport = 3, False
    row.driver_add("show_viewport").driver.expression = "False"
    bpy.context.scene.frame_set(10)
    staged = stage_scene(BLEND, "METRIC")
    assert sorted(len(part.points) for part in staged.parts) == [8, 24]


def test_a_screw_has_the_steps_of_the_render() -> None:
    mesh = bpy.data.meshes.new("profile")
    mesh.from_pydata([(0.5, 0, 0), (0.6, 0, 0.1)], [(0, 1)], [])
    thing = bpy.data.objects.new("profile", mesh)
    bpy.context.scene.collection.objects.link(thing)
    screw = thing.modifiers.new("screw", "SCREW")
    screw.steps, screw.render_steps = 3, 40
    (part,) = stage_scene(BLEND, "METRIC").parts
    assert len(part.points) == 80


def test_an_ocean_has_the_resolution_of_the_render() -> None:
    ocean = add_cube().modifiers.new("ocean", "OCEAN")
    ocean.viewport_resolution, ocean.resolution = 2, 4
    (part,) = stage_scene(BLEND, "METRIC").parts
    assert len(part.points) == (4 * 4 + 1) ** 2


def test_geometry_nodes_hear_that_they_are_rendered() -> None:
    tree = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    names = ("NodeGroupOutput", "GeometryNodeIsViewport", "GeometryNodeSwitch", "GeometryNodeMeshCube")
    out, asked, switch, cube = (tree.nodes.new(name) for name in names)
    switch.input_type = "GEOMETRY"
    sphere = tree.nodes.new("GeometryNodeMeshUVSphere")
    for source, target in (
        (asked.outputs[0], switch.inputs[0]),
        (sphere.outputs[0], switch.inputs["False"]),
        (cube.outputs[0], switch.inputs["True"]),
        (switch.outputs[0], out.inputs[0]),
    ):
        tree.links.new(source, target)
    add_cube().modifiers.new("nodes", "NODES").node_group = tree
    (part,) = stage_scene(BLEND, "METRIC").parts
    assert len(part.points) > 8
    assert np.isfinite(part.points).all()
