"""A .blend reads nothing outside its folder, and runs nothing."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from props import add_cube

from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset import importers, inspection, session


def count_vertices() -> int:
    return int(inspection.inspect_scene([]).message["vertices"])


def save_with_image(path: Path, filepath: str) -> None:
    session.reset()
    image = bpy.data.images.new("Picture", 4, 4)
    image.source, image.filepath, image.use_fake_user = "FILE", filepath, True
    add_cube()
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, relative_remap=False)
    session.reset()


@pytest.mark.parametrize(
    "filepath", ["/etc/secret.png", "//../secret.png", "//textures/../../secret.png", "C:/Users/me/secret.png"]
)
def test_a_blend_that_refers_out_of_its_folder_reads_nothing_there_and_says_so(tmp_path: Path, filepath: str):
    folder = tmp_path / "own"
    folder.mkdir()
    session.reset()
    picture = bpy.data.images.new("Secret", 4, 4)
    picture.save(filepath=str(tmp_path / "secret.png"))
    save_with_image(folder / "a.blend", filepath)
    [warning] = importers.import_asset(folder / "a.blend")
    assert warning == f"refers to '{filepath}' outside its folder, which is not read"
    image = bpy.data.images["Picture"]
    assert (image.filepath, tuple(image.size)) == ("//secret.png", (0, 0))


def test_a_file_outside_that_is_written_in_two_ways_is_left_out_in_both(tmp_path: Path):
    folder = tmp_path / "own"
    folder.mkdir()
    session.reset()
    for name, filepath in {"one": "//../secret.png", "other": str(tmp_path / "secret.png")}.items():
        image = bpy.data.images.new(name, 4, 4)
        image.source, image.filepath, image.use_fake_user = "FILE", filepath, True
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "a.blend"), copy=True, relative_remap=False)
    session.reset()
    assert len(importers.import_asset(folder / "a.blend")) == 1
    assert [image.filepath for image in bpy.data.images] == ["//secret.png"] * 2


@pytest.mark.parametrize("kind", ["lights", "worlds", "materials", "node_groups"])
def test_profiles_of_lamps_outside_the_folder_are_left_out(tmp_path: Path, kind: str):
    session.reset()
    special = {"lights": ["POINT"], "node_groups": ["ShaderNodeTree"]}
    block = getattr(bpy.data, kind).new("lamp", *special.get(kind, []))
    block.use_fake_user = True
    if kind != "node_groups":
        block.use_nodes = True
    node = getattr(block, "node_tree", block).nodes.new("ShaderNodeTexIES")
    node.mode, node.filepath = "EXTERNAL", "C:/lamps/spot.ies"
    add_cube()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), copy=True, relative_remap=False)
    session.reset()
    warnings = importers.import_asset(tmp_path / "a.blend")
    assert warnings == ["refers to 'C:/lamps/spot.ies' outside its folder, which is not read"]


def save_with_cache(path: Path, cache: Path) -> None:
    """Saves a box whose shape comes from a cache."""
    session.reset()
    add_cube()
    bpy.ops.wm.alembic_export(filepath=str(cache), as_background_job=False)
    session.reset()
    bpy.ops.wm.alembic_import(filepath=str(cache), always_add_cache_reader=True, as_background_job=False)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, relative_remap=False)
    session.reset()


def test_a_blend_whose_cache_lies_outside_its_folder_is_refused(tmp_path: Path):
    folder = tmp_path / "own"
    folder.mkdir()
    save_with_cache(folder / "a.blend", tmp_path / "shape.abc")
    with pytest.raises(RuntimeFailure) as caught:
        importers.import_asset(folder / "a.blend")
    assert caught.value.reason == "unsafe_reference"
    assert "shape.abc" in caught.value.message


def test_a_blend_whose_cache_is_missing_in_its_folder_warns(tmp_path: Path):
    save_with_cache(tmp_path / "a.blend", tmp_path / "shape.abc")
    (tmp_path / "shape.abc").unlink()
    [warning] = importers.import_asset(tmp_path / "a.blend")
    assert warning.startswith("refers to '") and "shape.abc', which is not packed" in warning


def test_a_blend_whose_modifier_reads_outside_its_folder_is_refused(tmp_path: Path):
    session.reset()
    modifier = add_cube().modifiers.new("Cache", "MESH_CACHE")
    modifier.filepath = "/etc/points.mdd"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), copy=True, relative_remap=False)
    session.reset()
    with pytest.raises(RuntimeFailure) as caught:
        importers.import_asset(tmp_path / "a.blend")
    assert caught.value.reason == "unsafe_reference"
    assert "'/etc/points.mdd'" in caught.value.message


def test_a_blend_that_refers_within_its_folder_warns(tmp_path: Path):
    save_with_image(tmp_path / "a.blend", "//textures/a.png")
    assert importers.import_asset(tmp_path / "a.blend") == [
        "refers to '//textures/a.png', which is not packed into the file"
    ]


def save_with_link(folder: Path, own_boxes: int) -> None:
    """Saves `library.blend` with one box, and `a.blend`, which links it and has its own boxes."""
    session.reset()
    add_cube()
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "library.blend"), copy=True)
    session.reset()
    for _ in range(own_boxes):
        add_cube()
    with bpy.data.libraries.load(str(folder / "library.blend"), link=True, relative=False) as (there, here):
        here.objects = there.objects
    for thing in here.objects:
        bpy.context.scene.collection.objects.link(thing)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "a.blend"), copy=True)
    session.reset()


def test_a_blend_all_of_whose_geometry_lies_in_a_missing_file_is_refused(tmp_path: Path):
    save_with_link(tmp_path, own_boxes=0)
    importers.import_asset(tmp_path / "a.blend")
    assert count_vertices() == 8
    (tmp_path / "library.blend").unlink()
    session.reset()
    with pytest.raises(RuntimeFailure) as caught:
        importers.import_asset(tmp_path / "a.blend")
    assert caught.value.reason == "missing_dependency"
    assert "library.blend" in caught.value.message


def test_a_blend_some_of_whose_geometry_lies_in_a_missing_file_warns(tmp_path: Path):
    save_with_link(tmp_path, own_boxes=2)
    (tmp_path / "library.blend").unlink()
    warnings = importers.import_asset(tmp_path / "a.blend")
    assert warnings == ["links '//library.blend', which is not there: what comes from it is missing"]
    assert count_vertices() == 16


def test_a_blend_may_not_run_its_scripts(tmp_path: Path):
    session.reset()
    text = bpy.data.texts.new("evil.py")
    text.write(f"open({str(tmp_path / 'ran')!r}, 'w')")
    text.use_module = True
    box = add_cube()
    driver = box.driver_add("location", 0).driver
    driver.type, driver.expression = "SCRIPTED", f"open({str(tmp_path / 'ran')!r}, 'w') and 1"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "a.blend"), copy=True)
    session.reset()
    importers.import_asset(tmp_path / "a.blend")
    count_vertices()
    assert not (tmp_path / "ran").exists()
