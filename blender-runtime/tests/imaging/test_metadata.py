"""metadata.json has the exercise's keys first, follows our schema, and holds numbers that agree with each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from analytic import Eye, ball, derive_op, front_eye, write_passes
from conftest import RUNTIME

from cyclorama_blender.imaging import derive, metadata
from cyclorama_blender.imaging.passes import Passes
from cyclorama_blender.maths import camera

SCHEMA = json.loads((RUNTIME.parent / "docs/schemas/metadata.schema.json").read_text())
EXERCISE = {
    "source_file": str,
    "render_resolution": list,
    "bounding_box": ["center", "dimensions"],
    "camera": ["focal_length", "position", "look_at"],
}


def make(folder: Path, views: dict[str, Eye], **spec: object) -> dict:
    rendered = folder / "in"
    rendered.mkdir()
    for name, eye in views.items():
        write_passes(rendered / f"{name}.exr", ball(eye).passes())
    derive.derive(derive_op(views, **spec), rendered, folder / "out", lambda _stage: None)
    return json.loads((folder / "out" / "metadata.json").read_text())


def document_of(folder: Path, passes: Passes, **rendering: object) -> dict:
    """Returns the document of one front view with these passes and changes to the Rendering."""
    op = derive_op({"view_000": front_eye(3.5, 64)})
    op["rendering"] |= rendering
    (folder / "in").mkdir()
    write_passes(folder / "in" / "view_000.exr", passes)
    derive.derive(op, folder / "in", folder / "out", lambda _stage: None)
    return json.loads((folder / "out" / "metadata.json").read_text())


def ring(count: int) -> dict[str, Eye]:
    lens = front_eye(3.5, 64).lens
    angles = [2 * np.pi * at / count for at in range(count)]
    return {
        f"view_{at:03d}": Eye(lens, camera.look_at((3.5 * np.sin(angle), -3.5 * np.cos(angle), 0.5), (0, 0, 0)))
        for at, angle in enumerate(angles)
    }


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"normalSpace": "NORMAL_SPACE_WORLD", "background": "BACKGROUND_WHITE", "denoising": "DENOISING_OFF"},
        {"normalConvention": "NORMAL_CONVENTION_OPENCV", "modalities": ["MODALITY_DEPTH"]},
        {"rawOutputs": ["RAW_OUTPUT_DEPTH_EXR", "RAW_OUTPUT_DEPTH_PNG16", "RAW_OUTPUT_NORMAL_EXR"]},
    ],
)
def test_it_follows_the_schema(tmp_path: Path, count: int, spec: dict) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    validator.validate(make(tmp_path, ring(count), **spec))


def test_the_schema_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    document = make(tmp_path, ring(1))
    for change in ({"colour": 1}, {"views": []}, {"camera": {}}, {"warnings": [1]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, **change}, SCHEMA)


def test_the_exercises_keys_come_first_and_are_the_exercises(tmp_path: Path) -> None:
    document = make(tmp_path, {"view_000": front_eye(3.5, 64)})
    assert list(document)[:4] == list(EXERCISE)
    for key in ("bounding_box", "camera"):
        assert list(document[key]) == EXERCISE[key]
    assert document["source_file"] == "ball.glb"
    assert document["render_resolution"] == [64, 64]
    assert document["bounding_box"] == {"center": [0, 0, 0], "dimensions": [2, 2, 2]}
    assert document["camera"]["focal_length"] == 50.0
    assert document["camera"]["look_at"] == [0, 0, 0]
    np.testing.assert_allclose(document["camera"]["position"], np.array([0, -5, 2]) / 29**0.5 * 3.5)


def test_the_assets_own_box_and_the_way_from_it_are_kept(tmp_path: Path) -> None:
    document = make(tmp_path, ring(1))
    assert document["asset_bounding_box"] == {"center": [1, 1, 1], "dimensions": [2, 2, 2]}
    rule = document["normalisation"]
    moved = rule["scale"] * (np.array(document["asset_bounding_box"]["center"]) + rule["translation"])
    np.testing.assert_allclose(moved, document["bounding_box"]["center"], atol=1e-9)


def test_the_way_from_an_asset_far_from_the_origin_is_exact(tmp_path: Path) -> None:
    low = 123456.78125
    document = document_of(
        tmp_path,
        ball(front_eye(3.5, 64)).passes(),
        assetBox={end: {axis: low + size for axis in "xyz"} for end, size in (("min", 0), ("max", 0.0078125))},
        translation={axis: -(low + 0.00390625) for axis in "xyz"},
    )
    assert document["normalisation"]["translation"] == [-(low + 0.00390625)] * 3
    assert document["asset_bounding_box"] == {"center": [low + 0.00390625] * 3, "dimensions": [0.0078125] * 3}


def test_a_view_tells_the_depths_that_are_seen_and_none_where_nothing_is(tmp_path: Path) -> None:
    seen = ball(front_eye(3.5, 64))
    nothing = replace(seen.passes(), depth=np.full_like(seen.depth, 1e10), alpha=np.zeros_like(seen.depth))
    for name, passes, depths in (
        ("seen", seen.passes(), [seen.depth[seen.mask].min(), seen.depth[seen.mask].max()]),
        ("nothing", nothing, [None, None]),
    ):
        (tmp_path / name).mkdir()
        (view,) = document_of(tmp_path / name, passes)["views"]
        assert [view["depth"]["near"], view["depth"]["far"]] == depths


def test_a_unit_of_the_rendered_world_is_told_in_metres(tmp_path: Path) -> None:
    assert document_of(tmp_path, ball(front_eye(3.5, 64)).passes(), scale=0.25)["depth"]["metres_per_unit"] == 4


def test_what_stands_for_the_background_is_told(tmp_path: Path) -> None:
    document = make(tmp_path, ring(1))
    depth, normal = document["depth"], document["normal"]
    assert depth["png_8"] == {"levels": 254, "background": 255}
    assert depth["png_16"] == {"levels": 65534, "background": 65535}
    assert (normal["background"], normal["exr"]["background"]) == ([128] * 3, [0.0] * 3)


def test_both_poses_and_k_put_points_where_the_image_has_them(tmp_path: Path) -> None:
    document = make(tmp_path, ring(3))
    k = np.array(document["intrinsics"]["K"])
    assert [k[0, 0], k[1, 1], k[0, 2], k[1, 2]] == [document["intrinsics"][name] for name in ("fx", "fy", "cx", "cy")]
    for view in document["views"]:
        blender, opencv = (np.array(view[f"world_from_camera_{axes}"]) for axes in ("blender", "opencv"))
        np.testing.assert_allclose(blender[:3, :3] @ np.diag([1, -1, -1]), opencv[:3, :3], atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(opencv[:3, :3]), 1)
        np.testing.assert_allclose(blender[:3, 3], view["position"], rtol=1e-8)
        local = np.linalg.inv(opencv) @ [*view["look_at"], 1]
        pixel = k @ local[:3] / local[2]
        np.testing.assert_allclose(pixel[:2], [32, 32], atol=1e-6)


def test_files_are_listed_with_their_size(tmp_path: Path) -> None:
    document = make(tmp_path, ring(2))
    paths = [file["path"] for file in document["files"]]
    assert paths == [
        *(f"view_{at:03d}/render_{name}.png" for at in (0, 1) for name in ("textured", "normal", "depth", "edge")),
        "transforms.json",
    ]
    for file in document["files"]:
        assert (tmp_path / "out" / file["path"]).stat().st_size == file["size"]


def test_seconds_and_warnings_of_earlier_stages_are_kept(tmp_path: Path) -> None:
    document = make(tmp_path, ring(1))
    assert list(document["stage_seconds"]) == ["download", "read", "derive", "encode"]
    assert document["warnings"] == ["decoded"]
    assert document["render"]["seconds"] == [1.25]


def test_lists_of_numbers_stand_on_one_line() -> None:
    text = metadata.print_metadata({"a": [1, 2.5], "b": {"c": [[1, 2], [3, 4]]}, "d": [], "e": {}, "f": ["x", "é"]})
    assert text == (
        '{\n  "a": [1, 2.5],\n  "b": {\n    "c": [\n      [1, 2],\n      [3, 4]\n    ]\n  },\n'
        '  "d": [],\n  "e": {},\n  "f": [\n    "x",\n    "é"\n  ]\n}\n'
    )


def test_names_that_are_no_utf_8_are_written_all_the_same() -> None:
    printed = metadata.print_metadata(
        {"source_file": "caf\udce9.obj", "warnings": ["texture 'caf\udce9.png' is missing"]}
    )
    assert json.loads(printed.encode()) == {
        "source_file": "caf\ufffd.obj",
        "warnings": ["texture 'caf\ufffd.png' is missing"],
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("nan")], [[float("-inf")]]])
def test_a_number_that_is_not_finite_is_a_defect(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        metadata.print_metadata({"a": value})
