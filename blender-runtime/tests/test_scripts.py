"""The one-file scripts run as a user runs them."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import RUNTIME

SAMPLES = RUNTIME.parent / "samples"
TIMEOUT_S = 120
SCRIPTS = {"mini_inspector.py": ["in.glb", "out.json"], "batch_validator.py": ["bucket", "assets/"]}


def command(script: str, *arguments: object) -> list[str]:
    return [sys.executable, *map(str, (RUNTIME / "scripts" / script, *arguments))]


def run(script: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(script, *arguments),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_the_inspector_writes_exercise_1s_report(tmp_path: Path):
    done = run("mini_inspector.py", SAMPLES / "living-room.glb", tmp_path / "new" / "room.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "new" / "room.json").read_text()) == {
        "filename": "living-room.glb",
        "geometry": {"vertices": 4568, "faces": 5086},
        "topology": {"triangles": 5086, "quads": 0, "ngons": 0},
        "dimensions": {"x": 10.0, "y": 14.5, "z": 5.5},
    }


def test_the_inspector_takes_its_arguments_after_blenders_own(tmp_path: Path):
    done = run("mini_inspector.py", "--", SAMPLES / "brick.glb", tmp_path / "brick.json")
    assert done.returncode == 0
    assert json.loads((tmp_path / "brick.json").read_text())["filename"] == "brick.glb"


def test_native_chatter_stays_off_standard_output(tmp_path: Path):
    done = run("mini_inspector.py", SAMPLES / "helmet.glb", tmp_path / "helmet.json")
    assert done.stdout == f"Report written to '{tmp_path / 'helmet.json'}'.\n"
    assert "Draco" in done.stderr


def test_an_asset_without_a_mesh_has_zeros(tmp_path: Path):
    assert run("mini_inspector.py", SAMPLES / "empty.glb", tmp_path / "empty.json").returncode == 0
    assert json.loads((tmp_path / "empty.json").read_text())["geometry"] == {"vertices": 0, "faces": 0}


@pytest.mark.parametrize(
    ("file", "says"),
    [("truncated.glb", "ERROR: Bad GLB"), ("none.glb", "No such file"), ("README.md", "ends in '.md'")],
)
def test_a_file_that_cannot_be_read_is_one_sentence_and_exit_code_1(tmp_path: Path, file: str, says: str):
    done = run("mini_inspector.py", SAMPLES / file, tmp_path / "out.json")
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_old_blender_is_refused_with_a_sentence(tmp_path: Path, script: str):
    # This has as much of Blender 3.4 as is read before it is refused.
    (tmp_path / "bpy.py").write_text(
        "class app:\n    version = (3, 4, 1)\n    version_string = '3.4.1'\nclass types:\n    Scene = object\n"
    )
    done = run(script, *SCRIPTS[script], PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "ERROR: Blender 3.4.1 is too old; expected 4.2 or newer\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_python_without_bpy_is_told_where_to_get_it(tmp_path: Path, script: str):
    (tmp_path / "bpy.py").write_text("raise ModuleNotFoundError(\"No module named 'bpy'\", name='bpy')\n")
    done = run(script, *SCRIPTS[script], PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "pip install bpy" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seed", ["random", "6"])
def test_every_run_has_the_hash_seed_that_workers_have(tmp_path: Path, seed: str):
    (tmp_path / "bpy.py").write_text("import os\nraise ImportError('seed ' + os.environ['PYTHONHASHSEED'])\n")
    done = run("mini_inspector.py", "in.glb", "out.json", PYTHONPATH=str(tmp_path), PYTHONHASHSEED=seed)
    assert "cannot import bpy (seed 0)" in done.stderr


def test_a_python_without_boto3_is_told_where_to_get_it(tmp_path: Path):
    (tmp_path / "boto3.py").write_text("raise ModuleNotFoundError(\"No module named 'boto3'\", name='boto3')\n")
    done = run("batch_validator.py", "bucket", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "-m pip install -r" in done.stderr
    assert (RUNTIME / "requirements" / "s3.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (["--endpoint-url", "127.0.0.1:7070"], {}, "Invalid endpoint: 127.0.0.1:7070"),
        ([], {"AWS_PROFILE": "none"}, "The config profile (none) could not be found"),
        ([], {"AWS_DEFAULT_REGION": "in Europe"}, "Provided region_name 'in Europe' doesn't match a supported format."),
    ],
)
def test_a_store_that_is_none_is_a_sentence(arguments: list[str], environment: dict[str, str], says: str):
    done = run("batch_validator.py", "bucket", *arguments, **environment)
    assert done.returncode == 1
    assert done.stderr == f"ERROR: the store cannot be reached with these settings: {says}\n"


def test_names_of_others_stay_on_their_line(capsys: pytest.CaptureFixture[str]):
    validator = runpy.run_path(str(RUNTIME / "scripts" / "batch_validator.py"))
    validator["say"]("Report uploaded to 'a\nb\x1b[2J\u202e é.json'.")
    assert capsys.readouterr().out == "   > Report uploaded to 'a\\nb\\x1b[2J\\u202e é.json'.\n"


@pytest.mark.parametrize(
    ("vertices", "warnings", "says"),
    [
        (0, (), "the asset has no mesh; expected at least one face"),
        (50, (), "the asset has no face but 50 vertices; expected at least one face"),
        (0, ("curves: 2",), "the asset has no mesh; expected at least one face; curves: 2"),
    ],
)
def test_an_asset_without_faces_is_told_with_what_it_has(vertices: int, warnings: tuple[str, ...], says: str):
    validator = runpy.run_path(str(RUNTIME / "scripts" / "batch_validator.py"))
    assert validator["explain_no_face"](vertices, warnings) == says


@pytest.mark.parametrize("file", ["brick.glb", "truncated.glb", "--help", "--no-such-option"])
def test_nothing_stays_in_the_temporary_folder(tmp_path: Path, file: str):
    (tmp_path / "temporary").mkdir()
    run("mini_inspector.py", SAMPLES / file if file[0] != "-" else file, tmp_path / "out.json", **temporary(tmp_path))
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_long_render_at_once_and_nothing_stays(tmp_path: Path, number: signal.Signals):
    (tmp_path / "temporary").mkdir()
    arguments = SAMPLES / "robot.glb", tmp_path / "out", "--width", 4096, "--samples", 4096
    environment = {**os.environ, **temporary(tmp_path)}
    with subprocess.Popen(command("render_task.py", *arguments), env=environment, stdout=subprocess.PIPE) as process:
        alarm = threading.Timer(TIMEOUT_S, process.kill)
        alarm.start()
        while not process.stdout.readline().startswith(b"Rendering"):
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait() == 128 + number
        alarm.cancel()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_reader_who_has_seen_enough_is_no_defect(tmp_path: Path):
    reader, writer = os.pipe()
    os.close(reader)
    inspect = command("mini_inspector.py", SAMPLES / "brick.glb", tmp_path / "out.json")
    done = subprocess.run(inspect, stdout=writer, stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def temporary(folder: Path) -> dict[str, str]:
    """Returns the variables of the temporary folder; Python and Blender each have one."""
    return {name: str(folder / "temporary") for name in ("TMPDIR", "TEMP")}


def test_a_defect_is_a_traceback_and_exit_code_1(tmp_path: Path):
    (tmp_path / "bpy.py").write_text("raise ZeroDivisionError\n")
    done = run("mini_inspector.py", "in.glb", "out.json", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "bucket_name is missing"),
        (["bucket", "assets/", "some"], "expected a whole number"),
        (["bucket", "assets/", "-1"], "limit is '-1'"),
        (["--bucket-name", "bucket", "--limit=-1"], "limit is '-1'"),
        (["bucket", "--output", "elsewhere"], "expected s3://bucket/prefix/"),
    ],
)
def test_a_wrong_command_line_is_said(arguments: list[str], says: str):
    done = run("batch_validator.py", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
