"""The dataset's files follow from EXR files of bodies that are known in closed form."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from analytic import Eye, ball, derive_op, front_eye, write_passes
from conftest import AS_MODULE, Served
from props import add_material, add_mesh, shoot

from cyclorama_blender.imaging import depth, derive, exr
from cyclorama_blender.imaging.passes import Passes
from cyclorama_blender.maths import camera
from cyclorama_blender.protocol.contract import Answer, Json
from cyclorama_blender.protocol.failure import RuntimeFailure

FOUR = ["render_textured.png", "render_normal.png", "render_depth.png", "render_edge.png"]
FRONT = front_eye(3.5, 96)


def run(folder: Path, op: Json, *views: Passes, stages: list[str] | None = None, **options: bool) -> Answer:
    rendered = folder / "in"
    rendered.mkdir(exist_ok=True)
    for at, passes in enumerate(views):
        write_passes(rendered / f"view_{at:03d}.exr", passes)
    return derive.derive(op, rendered, folder / "out", (stages if stages is not None else []).append, **options)


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def pixels(path: Path) -> np.ndarray:
    """Returns RGBA (H, W, 4) from the top, 0 to 1, as Blender reads it and as it was stored."""
    import bpy

    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    values = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)[::-1]


def test_one_view_gives_the_exercises_files_and_a_thumbnail(tmp_path: Path) -> None:
    stages: list[str] = []
    answer = run(tmp_path, derive_op({"view_000": FRONT}), ball(FRONT).passes(), stages=stages)
    assert [file["path"] for file in answer.message["files"]] == [*FOUR, "metadata.json", "thumbnail.png"]
    assert [file["path"] for file in answer.message["files"] if file.get("thumbnail")] == ["thumbnail.png"]
    assert written(tmp_path / "out") == sorted([*FOUR, "metadata.json", "thumbnail.png"])
    assert answer.message["shortfalls"] == []
    assert answer.warnings == ()
    assert stages == ["read", "derive", "encode"]


def test_without_a_thumbnail_there_are_the_exercises_five_files_alone(tmp_path: Path) -> None:
    run(tmp_path, derive_op({"view_000": FRONT}), ball(FRONT).passes(), with_thumbnail=False)
    assert written(tmp_path / "out") == sorted([*FOUR, "metadata.json"])


@pytest.mark.usefixtures("empty_scene")
def test_images_hold_what_metadata_says(tmp_path: Path) -> None:
    raw = ["RAW_OUTPUT_DEPTH_EXR", "RAW_OUTPUT_DEPTH_PNG16", "RAW_OUTPUT_NORMAL_EXR"]
    seen = ball(FRONT)
    run(tmp_path, derive_op({"view_000": FRONT}, rawOutputs=raw), seen.passes())
    out = tmp_path / "out"
    document = json.loads((out / "metadata.json").read_text())
    near, far = (document["views"][0]["depth"][name] for name in ("near", "far"))
    assert document["views"][0]["coverage"] == pytest.approx(seen.mask.mean(), abs=1e-6)

    grey = np.rint(pixels(out / "render_depth.png")[..., 0] * 255).astype(int)
    assert np.abs(depth.from_grey(grey, near, far, 8) - seen.depth)[seen.mask].max() <= (far - near) / 254 / 2 * 1.001
    assert (grey[~seen.mask] == document["depth"]["png_8"]["background"]).all()
    fine = np.rint(pixels(out / "render_depth_16.png")[..., 0] * 65535).astype(int)
    assert np.abs(depth.from_grey(fine, near, far, 16) / seen.depth - 1)[seen.mask].max() < 1e-4
    exact = exr.read_exr(out / "render_depth.exr")["Z"]
    np.testing.assert_array_equal(exact, np.where(seen.mask, seen.depth, np.inf))

    local = camera.camera_normals(seen.normals, FRONT.pose, "OPENGL")
    colours = pixels(out / "render_normal.png")[..., :3] * 2 - 1
    assert np.abs(colours - local)[seen.mask].max() < 1.01 / 255
    planes = exr.read_exr(out / "render_normal.exr")
    np.testing.assert_allclose(np.stack([planes[name] for name in "RGB"], -1)[seen.mask], local[seen.mask], atol=1e-6)

    textured = pixels(out / "render_textured.png")
    np.testing.assert_array_equal(textured[..., 3] > 0.5, seen.mask)
    edge = pixels(out / "render_edge.png")
    assert set(np.unique(edge[..., 0])) == {0, 1}


def test_every_file_has_its_hash(tmp_path: Path) -> None:
    answer = run(tmp_path, derive_op({"view_000": FRONT}), ball(FRONT).passes())
    document = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert [file["path"] for file in document["files"]] == FOUR
    for file in document["files"]:
        assert hashlib.sha256((tmp_path / "out" / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    types = {file["path"]: file["contentType"] for file in answer.message["files"]}
    assert (types["render_edge.png"], types["metadata.json"]) == ("image/png", "application/json")


def test_several_views_have_folders_and_poses_for_nerf(tmp_path: Path) -> None:
    side = Eye(FRONT.lens, camera.look_at((3.5, 0, 0), (0, 0, 0)))
    op = derive_op({"view_000": FRONT, "view_001": side})
    answer = run(tmp_path, op, ball(FRONT).passes(), ball(side).passes())
    names = [f"view_{at:03d}/{name}" for at in (0, 1) for name in FOUR]
    assert written(tmp_path / "out") == sorted([*names, "transforms.json", "metadata.json", "thumbnail.png"])
    assert [check["name"] for check in answer.message["checks"]] == ["view_000", "view_001"]
    poses = json.loads((tmp_path / "out" / "transforms.json").read_text())
    assert (poses["w"], poses["h"], poses["cx"], poses["cy"]) == (96, 96, 48, 48)
    assert poses["fl_x"] == pytest.approx(48 / np.tan(poses["camera_angle_x"] / 2))
    assert [frame["file_path"] for frame in poses["frames"]] == [names[0], names[4]]
    np.testing.assert_allclose(poses["frames"][1]["transform_matrix"], side.pose)
    # The camera looks along its -Z axis at the object.
    for frame in poses["frames"]:
        matrix = np.array(frame["transform_matrix"])
        np.testing.assert_allclose(matrix[:3, 3] - 3.5 * matrix[:3, 2], 0, atol=1e-9)


def test_poses_for_nerf_name_exact_depth_where_there_is_any(tmp_path: Path) -> None:
    op = derive_op({"view_000": FRONT, "view_001": FRONT}, rawOutputs=["RAW_OUTPUT_DEPTH_EXR"])
    run(tmp_path, op, *[ball(FRONT).passes()] * 2)
    poses = json.loads((tmp_path / "out" / "transforms.json").read_text())
    assert poses["frames"][1]["depth_file_path"] == "view_001/render_depth.exr"


@pytest.mark.parametrize("modality", ["TEXTURED", "NORMAL", "DEPTH", "EDGE"])
def test_only_the_wanted_modalities_are_made(tmp_path: Path, modality: str) -> None:
    op = derive_op({"view_000": FRONT}, modalities=[f"MODALITY_{modality}"])
    run(tmp_path, op, ball(FRONT).passes())
    assert written(tmp_path / "out") == sorted([f"render_{modality.lower()}.png", "metadata.json", "thumbnail.png"])


@pytest.mark.usefixtures("empty_scene")
def test_the_thumbnail_has_a_tile_for_each_modality(tmp_path: Path) -> None:
    run(tmp_path, derive_op({"view_000": FRONT}), ball(FRONT).passes())
    tiles = pixels(tmp_path / "out" / "thumbnail.png")
    assert tiles.shape == (128, 512, 4)
    for at in range(4):
        tile = tiles[:, 128 * at : 128 * (at + 1), :3]
        assert tile.std() > 0.02


@pytest.mark.usefixtures("empty_scene")
def test_the_thumbnail_of_a_wide_image_is_padded(tmp_path: Path) -> None:
    wide = Eye(replace(FRONT.lens, width=96, height=24), FRONT.pose)
    run(tmp_path, derive_op({"view_000": wide}, modalities=["MODALITY_DEPTH"]), ball(wide).passes())
    tile = pixels(tmp_path / "out" / "thumbnail.png")
    assert tile.shape == (128, 128, 4)
    assert (tile[:48] == 1).all()
    assert (tile[80:] == 1).all()
    assert tile[48:80, 64, 0].min() < 0.5


@pytest.mark.usefixtures("empty_scene")
@pytest.mark.parametrize(("denoising", "deviation"), [("DENOISING_FAST", (0, 2)), ("DENOISING_OFF", (4, 99))])
def test_alpha_of_a_pane_is_denoised_with_its_light(denoising: str, deviation: tuple[int, int], tmp_path: Path) -> None:
    add_material(add_mesh([(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)], [(0, 1, 2, 3)]), Alpha=0.3)
    spec = {"width": 96, "height": 96, "samples": 16, "denoising": denoising}
    message, _ = shoot(tmp_path, spec)
    derive.derive({"spec": spec, "rendering": message}, tmp_path, tmp_path, lambda _stage: None)
    middle = pixels(tmp_path / "render_textured.png")[32:64, 32:64] * 255
    assert middle[..., 3].mean() == pytest.approx(0.3 * 255, abs=1)
    assert deviation[0] <= middle[..., 3].std() <= deviation[1]


def test_a_shortfall_keeps_the_images(tmp_path: Path) -> None:
    near = front_eye(2.0, 96)
    answer = run(tmp_path, derive_op({"view_000": near}), ball(near).passes())
    assert [(one["reason"], one["view"]) for one in answer.message["shortfalls"]] == [("cropped", "view_000")]
    assert set(FOUR) < set(written(tmp_path / "out"))


def test_a_view_of_nothing_is_blank_and_its_metadata_is_still_json(tmp_path: Path) -> None:
    away = Eye(FRONT.lens, camera.look_at((0, -3, 0), (0, -9, 0)))
    answer = run(tmp_path, derive_op({"view_000": away}), ball(away).passes())
    assert [one["reason"] for one in answer.message["shortfalls"]] == ["blank_render"]
    document = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert document["views"][0]["depth"] == {"near": None, "far": None}


def test_what_is_wrong_with_a_view_stands_in_metadata_too(tmp_path: Path) -> None:
    away = Eye(FRONT.lens, camera.look_at((0, -3, 0), (0, -9, 0)))
    answer = run(tmp_path, derive_op({"view_000": FRONT, "view_001": away}), ball(FRONT).passes(), ball(away).passes())
    document = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert [one["message"] for one in answer.message["shortfalls"]] == document["warnings"][-1:]
    assert document["warnings"][-1].startswith("view_001: the object covers 0.0000%")
    assert answer.warnings == ()


def test_a_view_without_its_file_is_an_invalid_render(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match=r"'view_001\.exr' is missing") as caught:
        run(tmp_path, derive_op({"view_000": FRONT, "view_001": FRONT}), ball(FRONT).passes())
    assert caught.value.reason == "invalid_render"


def test_a_view_of_another_size_is_an_invalid_render(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match="96 x 96 pixels; expected 128 x 96") as caught:
        run(tmp_path, derive_op({"view_000": FRONT}, width=128), ball(FRONT).passes())
    assert caught.value.reason == "invalid_render"


def test_a_view_without_a_pass_is_an_invalid_render(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    exr.write_exr(tmp_path / "in" / "view_000.exr", {"VL.Combined.A": np.ones((96, 96), np.float32)})
    with pytest.raises(RuntimeFailure, match=r"has no pass 'Combined\.R'"):
        run(tmp_path, derive_op({"view_000": FRONT}))


def test_the_same_rendering_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        run(tmp_path / folder, derive_op({"view_000": FRONT}), ball(FRONT).passes())
    for name in FOUR:
        assert (tmp_path / "a" / "out" / name).read_bytes() == (tmp_path / "b" / "out" / name).read_bytes()


def test_the_served_imaging_room_derives_without_blender(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_passes(tmp_path / "in" / "view_000.exr", ball(FRONT).passes())
    served = Served(tmp_path / "imaging.log", [*AS_MODULE, "--room", "imaging"])
    try:
        assert served.ready["blenderVersion"] == ""
        request = {
            "requestId": "r1",
            "inputPath": str(tmp_path / "in"),
            "outputDir": str(tmp_path / "out"),
            "derive": derive_op({"view_000": FRONT}),
        }
        event = served.send(json.dumps(request).encode())
        assert [file["path"] for file in event["result"]["derivation"]["files"]][:4] == FOUR
        assert served.stages == ["read", "derive", "encode", "reset"]
        maps = Path(f"/proc/{served.process.pid}/maps").read_text()
        assert "/bpy/" not in maps
    finally:
        served.close()
