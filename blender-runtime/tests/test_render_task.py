"""Exercise 2's script runs as a user runs it, and its images agree with a cube that is known in closed form."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from analytic import Eye, box
from conftest import RUNTIME
from test_derive import pixels
from test_edges import cube_wireframe, precision_and_recall
from test_scripts import run

from cyclorama_blender.imaging import depth
from cyclorama_blender.maths import camera
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.render_spec import DEFAULT_FIELD_OF_VIEW

SAMPLES = RUNTIME.parent / "samples"
FIVE = ["metadata.json", "render_depth.png", "render_edge.png", "render_normal.png", "render_textured.png"]
SIZE = 256
TURN_DEGREES = 30


def cube_obj(turn_degrees: float) -> str:
    """Returns a cube of side 2, turned around the vertical axis, which is Y in an OBJ."""
    sine, cosine = np.sin(np.radians(turn_degrees)), np.cos(np.radians(turn_degrees))
    corners = [(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]
    lines = [f"v {cosine * x + sine * z:.9f} {y} {cosine * z - sine * x:.9f}" for x, y, z in corners]
    faces = ["1 3 4 2", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6"]
    return "\n".join([*lines, *(f"f {face}" for face in faces), ""])


@pytest.fixture(scope="module")
def cube(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Returns the folder of a rendered cube, and the script's output."""
    folder = tmp_path_factory.mktemp("cube")
    (folder / "cube.obj").write_text(cube_obj(TURN_DEGREES))
    done = run(
        "render_task.py", folder / "cube.obj", folder / "out", "--width", SIZE, "--samples", 4, "--device", "cpu"
    )
    assert done.returncode == 0, done.stderr
    return folder, done


def eye_of(document: dict) -> Eye:
    view = document["views"][0]
    pose = np.array(view["world_from_camera_blender"])
    np.testing.assert_allclose(camera.opencv_pose(pose), view["world_from_camera_opencv"], atol=1e-12)
    return Eye(Intrinsics(SIZE, SIZE, DEFAULT_FIELD_OF_VIEW), pose)


def test_it_writes_the_exercises_five_files_and_a_line_a_stage(cube) -> None:
    folder, done = cube
    assert sorted(path.name for path in (folder / "out").iterdir()) == FIVE
    assert done.stdout.splitlines() == [
        f"Importing '{folder / 'cube.obj'}'...",
        f"Rendering {SIZE} x {SIZE} pixels, 4 samples...",
        "Rendered on CPU.",
        "Deriving images...",
        f"Wrote 5 files to '{folder / 'out'}'.",
    ]


def test_its_metadata_follows_the_schema_and_names_the_source(cube) -> None:
    folder, _ = cube
    document = json.loads((folder / "out" / "metadata.json").read_text())
    jsonschema.validate(document, json.loads((RUNTIME.parent / "docs/schemas/metadata.schema.json").read_text()))
    content = (folder / "cube.obj").read_bytes()
    assert document["source"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert document["source"]["size_bytes"] == len(content)
    assert document["source_file"] == "cube.obj"
    assert document["bounding_box"]["center"] == pytest.approx([0, 0, 0], abs=1e-6)
    assert document["render"]["samples"] == 4


@pytest.mark.usefixtures("empty_scene")
def test_its_images_are_the_cubes(cube) -> None:
    folder, _ = cube
    out = folder / "out"
    document = json.loads((out / "metadata.json").read_text())
    eye = eye_of(document)
    truth = box(eye, (1, 1, 1), TURN_DEGREES)

    lines = pixels(out / "render_edge.png")[..., 0] < 0.5
    wireframe = cube_wireframe(eye, TURN_DEGREES)
    precision, recall = precision_and_recall(lines, wireframe)
    assert precision >= 0.95
    assert recall >= 0.95

    grey = np.rint(pixels(out / "render_depth.png")[..., 0] * 255).astype(int)
    inside = truth.mask & (grey < 255)
    # Along the outline, float32's rounding decides on which side a pixel's middle is.
    assert np.count_nonzero(truth.mask ^ (grey < 255)) <= 4
    near, far = (document["views"][0]["depth"][name] for name in ("near", "far"))
    seen = truth.depth[truth.mask]
    assert [near, far] == pytest.approx([seen.min(), seen.max()], rel=1e-4)
    error = np.abs(depth.from_grey(grey, near, far, 8) - truth.depth)[inside]
    assert error.max() <= (far - near) / 254 / 2 + 1e-4 * far

    away = inside & far_from(wireframe[::4], 2)
    colours = pixels(out / "render_normal.png")[..., :3] * 2 - 1
    colours /= np.linalg.norm(colours, axis=-1, keepdims=True)
    expected = camera.camera_normals(truth.normals, eye.pose, "OPENGL")
    assert np.degrees(np.arccos((colours * expected).sum(-1).clip(-1, 1)))[away].max() < 1

    np.testing.assert_allclose(pixels(out / "render_textured.png")[..., 3][away], 1)


def far_from(points: np.ndarray, distance: float) -> np.ndarray:
    """Returns for each pixel (SIZE, SIZE) whether its middle is further than a distance from all points."""
    far = np.ones((SIZE, SIZE), bool)
    middles = np.stack(np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5), axis=-1)
    for point in points:
        far &= np.linalg.norm(middles - point, axis=-1) > distance
    return far


def test_it_takes_its_arguments_after_blenders_own(tmp_path: Path) -> None:
    done = run("render_task.py", "--", SAMPLES / "brick.glb", tmp_path / "new" / "out", "--width", "16", "--height", 32)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads((tmp_path / "new" / "out" / "metadata.json").read_text())
    assert document["render_resolution"] == [16, 32]


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("truncated.glb", "Bad GLB"),
        ("none.glb", "No such file"),
        ("README.md", "ends in '.md'"),
        ("empty.glb", "expected at least one"),
    ],
)
def test_an_asset_that_cannot_be_rendered_is_one_sentence_and_exit_code_1(tmp_path: Path, file: str, says: str) -> None:
    done = run("render_task.py", SAMPLES / file, tmp_path / "out", "--width", 16)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--width", "15"], "15 x 15 pixels; expected 16 to 4096"),
        (["--height", "0"], "512 x 0 pixels; expected 16 to 4096"),
        (["--samples", "0"], "0 samples; expected 1 to 4096"),
        (["--seed", "-1"], "seed -1; expected 0 to 2147483647"),
    ],
)
def test_an_option_out_of_bounds_is_refused(tmp_path: Path, options: list[str], says: str) -> None:
    done = run("render_task.py", SAMPLES / "brick.glb", tmp_path / "out", *options)
    assert done.returncode == 2
    assert says in done.stderr


def test_an_image_that_is_not_good_enough_is_exit_code_1_and_stays(tmp_path: Path) -> None:
    (tmp_path / "clear.gltf").write_text(json.dumps(black_triangle(alpha=0)))
    done = run("render_task.py", tmp_path / "clear.gltf", tmp_path / "out", "--width", 32)
    assert done.returncode == 1
    assert "ERROR: blank_render: view_000: the object covers 0.0000%" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FIVE


def test_a_black_asset_is_rendered_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "black.gltf").write_text(json.dumps(black_triangle()))
    done = run("render_task.py", tmp_path / "black.gltf", tmp_path / "out", "--width", 32)
    assert done.returncode == 0
    assert "WARNING: view_000: the object is black all over" in done.stderr
    document = json.loads((tmp_path / "out" / "metadata.json").read_text())
    assert "black all over" in document["warnings"][0]


def black_triangle(alpha: float = 1) -> dict:
    """Returns an upright unlit black triangle, as glTF with its buffer inside."""
    from base64 import b64encode

    points = np.array([[-1, 0, 0], [1, 0, 0], [0, 2, 0]], np.float32)
    uri = "data:application/octet-stream;base64," + b64encode(points.tobytes()).decode()
    material = {
        "alphaMode": "BLEND",
        "pbrMetallicRoughness": {"baseColorFactor": [0, 0, 0, alpha]},
        "extensions": {"KHR_materials_unlit": {}},
    }
    return {
        "asset": {"version": "2.0"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "buffers": [{"byteLength": points.nbytes, "uri": uri}],
        "bufferViews": [{"buffer": 0, "byteLength": points.nbytes}],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": 3,
                "type": "VEC3",
                "min": points.min(0).tolist(),
                "max": points.max(0).tolist(),
            }
        ],
        "materials": [material],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
    }
