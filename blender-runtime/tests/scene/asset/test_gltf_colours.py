"""Colours of a glTF have the specification's meaning, even if Blender's importer loses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gltf_walls import write_walls
from props import shoot

from cyclorama_blender.imaging.colour import to_srgb
from cyclorama_blender.scene.asset import importers

GREY = np.full((4, 4, 4), 100, np.uint8)
UNLIT = {"KHR_materials_unlit": {}}


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def unlit(texture: int) -> dict[str, Any]:
    return {"pbrMetallicRoughness": {"baseColorTexture": {"index": texture}}, "extensions": UNLIT}


def greys(folder: Path, walls: int) -> list[float]:
    """Returns the grey, 0 to 255, in the middle of each wall."""
    message, (seen,) = shoot(folder, {"views": {"ring": {"count": 1, "elevationDegrees": 0}}}, "asset.gltf")
    assert message["warnings"] == []
    width = seen["combined"].shape[1]
    middles = [int(width * (0.04 + 0.92 * (at + 0.5) / walls)) for at in range(walls)]
    return [float(to_srgb(seen["combined"][48, at, 1])) * 255 for at in middles]


@pytest.mark.parametrize(
    "other_use",
    [
        {"pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0}}},
        {"normalTexture": {"index": 0}},
        {"extensions": {"KHR_materials_sheen": {"sheenRoughnessTexture": {"index": 0}}}},
    ],
)
def test_an_image_that_holds_numbers_too_keeps_its_colours(tmp_path: Path, other_use: dict[str, Any]) -> None:
    importers.import_asset(write_walls(tmp_path / "asset.gltf", [unlit(0), other_use], [GREY]))
    assert greys(tmp_path, 2)[0] == pytest.approx(100, abs=1)


def test_an_image_of_colours_alone_keeps_them(tmp_path: Path) -> None:
    importers.import_asset(write_walls(tmp_path / "asset.gltf", [unlit(0)], [GREY]))
    assert greys(tmp_path, 1)[0] == pytest.approx(100, abs=1)


def test_images_of_the_longest_names_keep_their_colours(tmp_path: Path) -> None:
    images = [GREY, GREY + 50]
    numbers = [{"pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": at}}} for at in range(2)]
    path = write_walls(tmp_path / "asset.gltf", [unlit(0), unlit(1), *numbers], images)
    document = json.loads(path.read_text())
    for at, image in enumerate(document["images"]):
        image["name"] = f"{'n' * 60}{at}"
    path.write_text(json.dumps(document))
    importers.import_asset(path)
    assert greys(tmp_path, 4)[:2] == pytest.approx([100, 150], abs=1)
