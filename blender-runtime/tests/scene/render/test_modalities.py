"""A rendering answers with the views' facts, surfaces look right, and failures have reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_ball, add_cube, add_material, add_mesh, read_passes, shoot

from cyclorama_blender.maths.studio_light import WHITEST, diffuse_white, equirectangular_directions, studio_image
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset import importers
from cyclorama_blender.scene.render import cycles_setup, modalities

UNIFORM = {"lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}, "samples": 32}


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def colors(passes: dict[str, Any]) -> np.ndarray:
    """Lists the linear colours (N, 3) of pixels that the object fills."""
    return passes["combined"][..., :3][passes["combined"][..., 3] > 0.999]


def test_a_rendering_says_where_the_object_and_the_cameras_are(tmp_path: Path) -> None:
    add_cube(2.0, (1, 2, 3))
    message, seen = shoot(tmp_path, {"views": {"ring": {"count": 2}}, "objectScale": "OBJECT_SCALE_UNIT"})
    assert message["scale"] == pytest.approx(0.5)
    assert message["translation"] == {"x": -1, "y": -2, "z": -3}
    assert message["box"] == {"min": {"x": -0.5, "y": -0.5, "z": -0.5}, "max": {"x": 0.5, "y": 0.5, "z": 0.5}}
    assert message["assetBox"] == {"min": {"x": 0, "y": 1, "z": 2}, "max": {"x": 2, "y": 3, "z": 4}}
    assert (message["device"], message["strayVertices"]) == ("CPU", "0")
    assert message["focalLengthMm"] == pytest.approx(50)
    assert [view["file"] for view in message["views"]] == ["view_000.exr", "view_001.exr"]
    assert all(view["framed"] and view["renderSeconds"] > 0 for view in message["views"])
    assert seen[0]["depth"].shape == (96, 96)
    assert not np.array_equal(seen[0]["normal"], seen[1]["normal"])


def test_a_pose_that_cuts_the_object_is_told_of(tmp_path: Path) -> None:
    add_cube(2.0)
    message, _ = shoot(tmp_path, {"views": {"posed": {"poses": [{"position": {"y": -2.2}}]}}})
    assert message["warnings"] == ["view_000: the object leaves the image"]
    assert not message["views"][0]["framed"]


def test_uniform_light_shows_the_base_colour_as_the_studio_is_dosed(tmp_path: Path) -> None:
    add_material(add_ball(1.0, segments=64), Base_Color=(0.1, 0.4, 0.8, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    _, (seen,) = shoot(tmp_path, UNIFORM)
    np.testing.assert_allclose(np.median(colors(seen), axis=0), np.array((0.1, 0.4, 0.8)) * WHITEST, rtol=0.01)


def test_strength_is_a_factor(tmp_path: Path) -> None:
    add_material(add_ball(1.0, segments=64), Base_Color=(0.4, 0.4, 0.4, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    _, (seen,) = shoot(tmp_path, {**UNIFORM, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM", "strength": 2}})
    np.testing.assert_allclose(np.median(colors(seen), axis=0), 0.8 * WHITEST, rtol=0.01)


def test_a_white_diffuse_ball_in_the_studio_is_bright_and_nowhere_clipped(tmp_path: Path) -> None:
    ball = add_ball(1.0, segments=64)
    add_material(ball, Base_Color=(1, 1, 1, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    _, (seen,) = shoot(tmp_path, {"samples": 64})
    assert np.percentile(colors(seen), 99.5) <= 1.0
    assert np.percentile(colors(seen), 95) > 0.75
    assert np.percentile(colors(seen), 1) > 0.2


def test_the_studio_is_dosed_for_white() -> None:
    brightest = diffuse_white(studio_image(), equirectangular_directions(36, 18)).max()
    assert 0.93 < brightest < 0.97


def test_light_does_not_depend_on_the_size_of_the_object(tmp_path: Path) -> None:
    means = []
    for size in (0.02, 500.0):
        for thing in list(bpy.data.objects):
            bpy.data.objects.remove(thing)
        add_cube(size)
        _, (seen,) = shoot(tmp_path, {"samples": 16})
        means.append(colors(seen).mean(axis=0))
    np.testing.assert_allclose(means[0], means[1], rtol=0.01)


@pytest.mark.parametrize("preset", ["STUDIO", "UNIFORM"])
def test_unlit_surfaces_have_exactly_their_colour(tmp_path: Path, preset: str) -> None:
    material = add_material(add_cube(1.0))
    tree = material.node_tree
    glow = tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (0.2, 0.5, 0.9, 1)
    tree.links.new(glow.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    _, (seen,) = shoot(tmp_path, {"lighting": {"preset": f"LIGHTING_PRESET_{preset}"}})
    np.testing.assert_allclose(colors(seen), np.broadcast_to((0.2, 0.5, 0.9), colors(seen).shape), atol=1e-3)


def test_lights_of_the_file_do_not_shine(tmp_path: Path) -> None:
    bpy.ops.object.light_add(type="SUN")
    bpy.context.object.data.energy = 1000
    add_material(add_cube(1.0), Base_Color=(0.5, 0.5, 0.5, 1))
    _, (seen,) = shoot(tmp_path, {})
    assert np.median(colors(seen)) < 1


@pytest.mark.parametrize("alpha", [0.05, 0.3, 0.7])
def test_depth_and_normals_of_a_see_through_surface_are_those_of_its_front(tmp_path: Path, alpha: float) -> None:
    ball = add_ball(1.0, segments=64)
    add_material(ball, Alpha=alpha)
    message, (seen,) = shoot(tmp_path, {"samples": 8})
    inside = seen["depth"] < 1e9
    assert inside.mean() > 0.3
    assert (np.linalg.norm(seen["normal"], axis=-1)[inside] > 0.5).mean() > 0.99
    eye = np.array(message["views"][0]["worldFromCamera"])[3:12:4]
    assert (seen["depth"][inside] < np.linalg.norm(eye)).all()


def test_a_missing_texture_is_grey_and_told_of(tmp_path: Path) -> None:
    material = add_material(add_cube(1.0))
    tree = material.node_tree
    picture = tree.nodes.new("ShaderNodeTexImage")
    picture.image = bpy.data.images.new("wood.png", 8, 8)
    picture.image.filepath = str(tmp_path / "wood.png")
    picture.image.source = "FILE"
    shader = tree.nodes["Principled BSDF"]
    tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    message, (seen,) = shoot(tmp_path, UNIFORM)
    assert message["warnings"] == ["texture 'wood.png' is missing or cannot be read"]
    found = np.median(colors(seen), axis=0)
    np.testing.assert_allclose(found, found[0], rtol=0.02)
    assert 0.2 < found[0] < 0.7


def test_vertex_colours_of_an_obj_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "square.obj"
    corners = ["v 0 0 0 1 0 0", "v 1 0 0 1 0 0", "v 1 0 1 1 0 0", "v 0 0 1 1 0 0"]
    path.write_text("\n".join([*corners, "f 1 2 3 4"]), encoding="ascii")
    importers.import_asset(path)
    _, (seen,) = shoot(tmp_path, UNIFORM, path.name)
    red, green, blue = np.median(colors(seen), axis=0)
    assert red > 0.9 and max(green, blue) < 0.1


def test_an_image_around_the_world_lights_the_object(tmp_path: Path) -> None:
    # A pixel of Radiance's format has mantissas of red, green and blue, and their common exponent.
    header = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 16\n"
    (tmp_path / "sky.hdr").write_bytes(header + bytes([51, 102, 153, 128]) * 128)
    ball = add_ball(1.0, segments=64)
    add_material(ball, Base_Color=(1, 1, 1, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    spec = {
        "width": 64,
        "height": 64,
        "samples": 16,
        "lighting": {"preset": "LIGHTING_PRESET_HDR", "hdrUri": "s3://b/sky.hdr"},
    }
    modalities.render({"spec": spec, "hdrFile": "sky.hdr"}, tmp_path / "asset.glb", tmp_path, [])
    np.testing.assert_allclose(
        np.median(colors(read_passes(tmp_path / "view_000.exr")), axis=0), (0.2, 0.4, 0.6), rtol=0.03
    )


@pytest.mark.parametrize(("name", "content"), [("sky.hdr", b"no image"), ("sky.png", b""), ("", b"")])
def test_an_hdr_image_that_cannot_be_read_has_a_reason(tmp_path: Path, name: str, content: bytes) -> None:
    if name:
        (tmp_path / name).write_bytes(content)
    add_cube(1.0)
    options = {"spec": {"lighting": {"preset": "LIGHTING_PRESET_HDR"}}, "hdrFile": name}
    with pytest.raises(RuntimeFailure) as caught:
        modalities.render(options, tmp_path / "asset.glb", tmp_path, [])
    assert caught.value.reason == "invalid_asset"
    assert "the environment image" in caught.value.message
    assert "sky" not in caught.value.message


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_an_environment_image_that_is_not_finite_is_refused(tmp_path: Path, value: float) -> None:
    pixels = np.full((8, 16, 4), 0.5, dtype=np.float32)
    pixels[3, 5, :3] = value
    image = bpy.data.images.new("sky", 16, 8, float_buffer=True)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format, image.filepath_raw = "OPEN_EXR", str(tmp_path / "sky.exr")
    image.save()
    add_cube(1.0)
    options = {"spec": {"lighting": {"preset": "LIGHTING_PRESET_HDR"}}, "hdrFile": "sky.exr"}
    with pytest.raises(RuntimeFailure, match="not finite") as caught:
        modalities.render(options, tmp_path / "asset.glb", tmp_path, [])
    assert caught.value.reason == "invalid_asset"


def test_a_gpu_that_is_required_and_absent_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cyclorama_blender.scene.render.device.BACKENDS", ("NONESUCH",))
    add_cube(1.0)
    with pytest.raises(RuntimeFailure) as caught:
        modalities.render({"requireGpu": True}, tmp_path / "asset.glb", tmp_path, [])
    assert caught.value.reason == "gpu_unavailable"


def test_threads_are_those_of_the_launch(tmp_path: Path) -> None:
    cycles_setup.use_threads(1)
    try:
        add_mesh([(0, 0, 0), (1, 0, 0), (0, 0, 1)], [(0, 1, 2)])
        shoot(tmp_path, {"width": 16, "height": 16})
        render = bpy.data.scenes["cyclorama"].render
        assert (render.threads_mode, render.threads) == ("FIXED", 1)
    finally:
        cycles_setup.use_threads(0)


def test_normals_that_point_into_their_surface_are_dropped_and_told_of(tmp_path: Path) -> None:
    add_material(add_cube(2.0), Base_Color=(0.5, 0.5, 0.5, 1))
    mesh = bpy.data.meshes[0]
    outward = [face.normal.copy() for face in mesh.polygons for _ in face.loop_indices]
    mesh.normals_split_custom_set([-normal for normal in outward])
    message, (seen,) = shoot(tmp_path, {"samples": 4})
    assert message["warnings"] == ["meshes whose normals point into their surface, so that its faces' own are taken: 1"]
    assert np.median(colors(seen)) > 0.1
