"""Blender itself resets, imports and inspects."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import bpy
import io_scene_gltf2
import pytest

from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset import importers, inspection, session
from cyclorama_blender.scene.render import selftest


def add_box(location: tuple[float, float, float] = (0, 0, 0), size: float = 2.0) -> Any:
    bpy.ops.mesh.primitive_cube_add(location=location, size=size)
    return bpy.context.object


def inspected() -> dict[str, Any]:
    return inspection.inspect_scene([]).message


def numbers(message: dict[str, Any], *names: str) -> list[int]:
    return [int(message[name]) for name in names]


def corner(message: dict[str, Any], name: str) -> list[float]:
    return [message[name][axis] for axis in "xyz"]


def write_asset(path: Path) -> Path:
    """Writes a box 1 x 2 x 3 through Blender's exporter of that format."""
    session.reset()
    box = add_box(size=1.0)
    box.scale = (1, 2, 3)
    box.data.materials.append(bpy.data.materials.new("Paint"))
    if path.suffix in (".glb", ".gltf"):
        form = "GLB" if path.suffix == ".glb" else "GLTF_SEPARATE"
        bpy.ops.export_scene.gltf(filepath=str(path), export_format=form)
    elif path.suffix == ".fbx":
        bpy.ops.export_scene.fbx(filepath=str(path))
    elif path.suffix == ".blend":
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True)
    else:
        getattr(bpy.ops.wm, f"{path.suffix[1:]}_export")(filepath=str(path))
    session.reset()
    return path


@pytest.mark.usefixtures("empty_scene")
def test_a_reset_leaves_nothing_of_an_asset():
    box = add_box()
    box.data.materials.append(bpy.data.materials.new("Paint"))
    bpy.data.images.new("Picture", 4, 4)
    bpy.data.collections.new("Group")
    bpy.data.actions.new("Walk")
    session.reset()
    left = (bpy.data.objects, bpy.data.meshes, bpy.data.materials, bpy.data.images, bpy.data.collections)
    assert [len(kind) for kind in (*left, bpy.data.actions)] == [0] * 6


def test_a_reset_takes_back_every_setting_that_a_file_may_change(empty_scene: Any):
    empty_scene.render.engine = "BLENDER_WORKBENCH"
    empty_scene.render.use_compositing = True
    bpy.context.preferences.filepaths.use_scripts_auto_execute = True
    bpy.context.preferences.edit.undo_steps = 7
    session.reset()
    render = bpy.context.scene.render
    assert (render.engine, render.use_compositing, render.use_sequencer) == ("CYCLES", False, False)
    assert not bpy.context.preferences.filepaths.use_scripts_auto_execute
    assert bpy.context.preferences.edit.undo_steps == 0


@pytest.mark.usefixtures("empty_scene")
def test_an_empty_scene_has_zero_counts_and_no_box():
    message = inspected()
    assert numbers(message, "vertices", "faces", "meshObjects") == [0, 0, 0]
    assert "boundsMin" not in message
    assert message["materialNames"] == []


@pytest.mark.parametrize(
    ("suffix", "vertices", "faces", "quads"),
    [
        (".glb", 24, 12, 0),
        (".gltf", 24, 12, 0),
        (".obj", 8, 6, 6),
        (".fbx", 8, 6, 6),
        (".stl", 8, 12, 0),
        (".ply", 14, 6, 6),
        (".blend", 8, 6, 6),
    ],
)
def test_every_format_is_imported_and_measured(tmp_path: Path, suffix: str, vertices: int, faces: int, quads: int):
    path = write_asset(tmp_path / f"Box{suffix}")
    answer = inspection.inspect_scene(importers.import_asset(path))
    assert numbers(answer.message, "vertices", "faces", "quads", "meshObjects") == [vertices, faces, quads, 1]
    low, high = (corner(answer.message, name) for name in ("boundsMin", "boundsMax"))
    assert sorted(high[axis] - low[axis] for axis in range(3)) == pytest.approx([1, 2, 3], abs=1e-5)
    assert answer.warnings == ()


@pytest.mark.usefixtures("empty_scene")
def test_every_instance_is_counted_and_measured():
    box = add_box()
    group = bpy.data.collections.new("Group")
    group.objects.link(box)
    for x in (10, 20):
        instance = bpy.data.objects.new("Instance", None)
        instance.instance_type, instance.instance_collection = "COLLECTION", group
        instance.location.x = x
        bpy.context.scene.collection.objects.link(instance)
    message = inspected()
    assert numbers(message, "vertices", "meshObjects") == [24, 3]
    assert corner(message, "boundsMin") == [-1, -1, -1]
    assert corner(message, "boundsMax") == [21, 1, 1]


@pytest.mark.usefixtures("empty_scene")
def test_counts_are_as_imported_and_the_box_as_evaluated():
    box = add_box()
    box.modifiers.new("row", "ARRAY").count = 3
    message = inspected()
    assert numbers(message, "vertices", "faces") == [8, 6]
    assert corner(message, "boundsMax") == [5, 1, 1]


@pytest.mark.parametrize("how", ["object", "driver", "eye", "collection", "excluded"])
def test_a_hidden_mesh_is_counted_and_measured_and_said(empty_scene: Any, how: str):
    box = add_box(location=(5, 0, 0))
    group = bpy.data.collections.new("Group")
    empty_scene.collection.children.link(group)
    group.objects.link(box)
    empty_scene.collection.objects.unlink(box)
    layer = bpy.context.view_layer.layer_collection.children["Group"]
    if how == "object":
        box.hide_viewport = True
    elif how == "driver":
        box.driver_add("hide_viewport").driver.expression = "True"
        bpy.context.view_layer.update()
    elif how == "eye":
        box.hide_set(True)
    elif how == "collection":
        group.hide_viewport = True
    else:
        layer.exclude = True
    answer = inspection.inspect_scene([])
    assert numbers(answer.message, "vertices") == [8]
    assert corner(answer.message, "boundsMax") == [6, 1, 1]
    assert "hides" in answer.warnings[0]


@pytest.mark.usefixtures("empty_scene")
def test_triangles_quads_and_ngons_are_told_apart():
    bpy.ops.mesh.primitive_cylinder_add(vertices=8, end_fill_type="NGON")
    bpy.ops.mesh.primitive_cone_add(vertices=4, end_fill_type="NGON")
    message = inspected()
    assert numbers(message, "faces", "triangles", "quads", "ngons") == [15, 4, 9, 2]


@pytest.mark.usefixtures("empty_scene")
def test_material_names_are_sorted_and_each_named_once():
    paints = [bpy.data.materials.new(name) for name in ("Zinc", "Amber")]
    bpy.data.materials.new("Unused")
    for _ in range(2):
        box = add_box()
        for paint in paints:
            box.data.materials.append(paint)
        box.data.materials.append(None)
    assert inspected()["materialNames"] == ["Amber", "Zinc"]


@pytest.mark.usefixtures("empty_scene")
def test_coordinates_that_are_not_finite_or_huge_become_warnings():
    box = add_box()
    box.data.vertices[0].co.x = float("nan")
    box.data.vertices[1].co.x = 1e20
    answer = inspection.inspect_scene([])
    assert any("not finite" in warning for warning in answer.warnings)
    assert any("further than" in warning for warning in answer.warnings)
    assert numbers(answer.message, "vertices") == [8]


@pytest.mark.usefixtures("empty_scene")
def test_geometry_that_is_no_mesh_is_said_and_not_measured():
    bpy.ops.curve.primitive_bezier_circle_add(radius=50)
    bpy.context.object.data.bevel_depth = 1
    add_box()
    answer = inspection.inspect_scene([])
    assert numbers(answer.message, "meshObjects") == [1]
    assert corner(answer.message, "boundsMax") == [1, 1, 1]
    assert answer.warnings == ("objects of type CURVE are neither counted nor measured: 1",)


@pytest.mark.usefixtures("empty_scene")
def test_drawings_are_said_and_not_measured():
    kind = "GREASEPENCIL" if hasattr(bpy.data, "grease_pencils_v3") else "GPENCIL"
    bpy.ops.object.add(type=kind)
    answer = inspection.inspect_scene([])
    assert answer.warnings == (f"objects of type {kind} are neither counted nor measured: 1",)


def test_a_bone_shape_is_no_mesh_of_the_asset(tmp_path: Path):
    session.reset()
    box = add_box()
    bpy.ops.object.armature_add()
    box.parent, box.parent_type = bpy.context.object, "ARMATURE"
    path = tmp_path / "rigged.glb"
    bpy.ops.export_scene.gltf(filepath=str(path))
    session.reset()
    importers.import_asset(path)
    assert numbers(inspected(), "meshObjects") == [1]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.usd", b"x", "unsupported_format"),
        ("a", b"x", "unsupported_format"),
        ("a.glb", b"", "invalid_asset"),
        ("a.glb", b"version https://git-lfs.github.com/spec/v1\n", "invalid_asset"),
        ("a.glb", b"GLBX" + bytes(100), "import_failed"),
        ("a.gltf", b"{", "import_failed"),
        ("a.fbx", b"; FBX 7.4.0 project file\n", "import_failed"),
        ("a.ply", b"plop", "import_failed"),
        ("a.blend", b"plop", "unsupported_format"),
        ("a.blend", b"BLENDER-v405" + bytes(100), "import_failed"),
        ("a.blend", b"\x28\xb5\x2f\xfd" + bytes(100), "import_failed"),
        ("a.blend", b"BLENDER17-02v0600" + bytes(100), "unsupported_format"),
    ],
)
def test_a_file_that_cannot_be_read_has_a_reason(tmp_path: Path, name: str, content: bytes, reason: str):
    session.reset()
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RuntimeFailure) as caught:
        importers.import_asset(path)
    assert caught.value.reason == reason
    assert "Traceback" not in caught.value.message
    assert str(tmp_path) not in caught.value.message


@pytest.mark.usefixtures("empty_scene")
def test_a_lack_of_memory_in_an_importer_is_not_the_assets_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def execute(*_: object) -> None:
        raise MemoryError

    (tmp_path / "a.glb").write_bytes(b"anything")
    monkeypatch.setattr(io_scene_gltf2.ImportGLTF2, "execute", execute)
    with pytest.raises(MemoryError):
        importers.import_asset(tmp_path / "a.glb")


def test_failed_imports_leave_no_log_handler_behind(tmp_path: Path):
    (tmp_path / "a.glb").write_bytes(b"GLBX" + bytes(100))
    for _ in range(3):
        with pytest.raises(RuntimeFailure):
            importers.import_asset(tmp_path / "a.glb")
        session.reset()
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict if name.startswith("glTF")]
    assert [logger.handlers for logger in loggers] == [[], []]


@pytest.mark.usefixtures("empty_scene")
def test_the_selftest_names_the_version():
    assert selftest.selftest().message["blenderVersion"] == bpy.app.version_string


def test_an_old_blender_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "OLDEST_BLENDER", (99, 0, 0))
    with pytest.raises(RuntimeFailure, match=r"too old; expected 99\.0 or newer"):
        session.check_version()
