"""Missing images bring a warning and are rendered in a neutral colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_material, add_mesh, shoot

from cyclorama_blender.scene.asset import inspection

LIT_EVENLY = {"lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}}
MISSING = [
    ("FILE", "wood.png"),
    ("SEQUENCE", "wood0001.png"),
    ("MOVIE", "wood.mp4"),
    ("TILED", "wood.<UDIM>.png"),
    ("TILED", "wood.<UVTILE>.png"),
]


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def add_picture(image: Any, kind: str = "ShaderNodeTexImage", tiles: int = 1) -> Any:
    """Adds a wall that shows an image and is this many tiles wide; returns the image's node."""
    corners = [(0, 0, 0), (tiles, 0, 0), (tiles, 0, 1), (0, 0, 1)]
    wall = add_mesh(corners, [(0, 1, 2, 3)])
    layer = wall.data.uv_layers.new()
    for loop, (x, _, z) in zip(layer.data, corners, strict=True):
        loop.uv = (x, z)
    tree = add_material(wall, Roughness=1.0, Specular_IOR_Level=0.0).node_tree
    node = tree.nodes.new(kind)
    node.image = image
    tree.links.new(node.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    return node


def missing_image(folder: Path, source: str, name: str) -> Any:
    image = bpy.data.images.new(name, 8, 8)
    image.source, image.filepath = source, str(folder / name)
    return image


def save_image(path: Path, color: tuple[float, float, float]) -> None:
    image = bpy.data.images.new(path.name, 8, 8)
    image.pixels.foreach_set([*color, 1.0] * 64)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def grey_of(light: Any) -> float:
    """Returns the one grey of all pixels whose middle is covered."""
    found = np.median(light[light[..., 3] > 0.99][:, :3], axis=0)
    np.testing.assert_allclose(found, found[0], rtol=0.02)
    return float(found[0])


@pytest.mark.parametrize("kind", ["ShaderNodeTexImage", "ShaderNodeTexEnvironment"])
@pytest.mark.parametrize(("source", "name"), MISSING)
def test_a_missing_image_is_grey_and_told_of(tmp_path: Path, source: str, name: str, kind: str) -> None:
    add_picture(missing_image(tmp_path, source, name), kind)
    answer = inspection.inspect_scene([])
    assert answer.message["stats"]["textures"] == [{"name": name, "missing": True}]
    assert answer.warnings == (f"texture '{name}' is missing or cannot be read",)
    message, [view] = shoot(tmp_path, LIT_EVENLY)
    assert message["warnings"] == list(answer.warnings)
    assert 0.2 < grey_of(view["combined"]) < 0.7


@pytest.mark.parametrize(("frame", "shown"), [(1, 0), (2, 1)])
def test_a_sequence_that_is_there_shows_the_frame_at_hand(tmp_path: Path, frame: int, shown: int) -> None:
    save_image(tmp_path / "wood0001.png", (1, 0, 0))
    save_image(tmp_path / "wood0002.png", (0, 1, 0))
    bpy.context.scene.frame_set(frame)
    node = add_picture(missing_image(tmp_path, "SEQUENCE", "wood0001.png"))
    node.image_user.frame_duration = 2
    assert inspection.inspect_scene([]).warnings == ()
    message, [view] = shoot(tmp_path, LIT_EVENLY, "asset.blend")
    assert message["warnings"] == []
    color = np.median(view["combined"][view["combined"][..., 3] > 0.99][:, :3], axis=0)
    assert color[shown] > 0.5 and np.delete(color, shown).max() < 0.1


def test_a_tile_that_is_missing_beside_others_is_grey_and_told_of(tmp_path: Path) -> None:
    save_image(tmp_path / "wood.1001.png", (1, 0, 0))
    image = missing_image(tmp_path, "TILED", "wood.<UDIM>.png")
    image.tiles.new(1002)
    add_picture(image, tiles=2)
    answer = inspection.inspect_scene([])
    assert "missing" not in answer.message["stats"]["textures"][0]
    assert answer.warnings == ("texture 'wood.<UDIM>.png' lacks tiles 1002",)
    message, [view] = shoot(tmp_path, LIT_EVENLY)
    assert message["warnings"] == list(answer.warnings)
    left, right = np.split(view["combined"], 2, axis=1)
    red, green, _ = np.median(left[left[..., 3] > 0.99][:, :3], axis=0)
    assert red > 0.5 and green < 0.1
    assert 0.2 < grey_of(right) < 0.7


def test_a_packed_image_that_cannot_be_read_is_grey_and_told_of(tmp_path: Path) -> None:
    image = missing_image(tmp_path, "FILE", "wood.png")
    image.pack(data=b"no image", data_len=8)
    add_picture(image)
    told = ("texture 'wood.png' is missing or cannot be read",)
    assert inspection.inspect_scene([]).warnings == told
    # Reading packed images takes time, so a mere validation does not do it.
    assert inspection.inspect_scene([], with_stats=False).warnings == ()
    message, [view] = shoot(tmp_path, LIT_EVENLY)
    assert message["warnings"] == list(told)
    assert 0.2 < grey_of(view["combined"]) < 0.7
