"""The served process answers over its pipes."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from types import SimpleNamespace

from conftest import RUNTIME, Served

from cyclorama_blender import serve
from cyclorama_blender.protocol.contract import MAX_LINE_BYTES, Answer, Request

OBJ = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"


def test_a_process_says_that_it_is_ready(shared_served: Served):
    assert shared_served.ready["pid"] == shared_served.process.pid
    assert shared_served.ready["blenderVersion"]


def test_a_request_tells_its_stages_and_ends_in_a_result(shared_served: Served, tmp_path: Path):
    (tmp_path / "a.obj").write_bytes(OBJ)
    event = shared_served.inspect(tmp_path / "a.obj", "r7")
    assert event["requestId"] == "r7"
    assert shared_served.stages == ["import", "inspect", "reset"]
    result = event["result"]
    assert result["inspection"]["triangles"] == "1"
    assert set(result["stageSeconds"]) == {"import", "inspect", "reset"}
    assert int(result["rssBytes"]) > 50_000_000


def test_a_failed_import_leaves_the_process_fit_for_the_next(shared_served: Served, tmp_path: Path):
    (tmp_path / "bad.glb").write_bytes(b"GLBX" + bytes(64))
    (tmp_path / "a.obj").write_bytes(OBJ)
    failure = shared_served.inspect(tmp_path / "bad.glb")["failure"]
    assert (failure["reason"], failure["stage"]) == ("import_failed", "import")
    assert shared_served.inspect(tmp_path / "a.obj")["result"]["inspection"]["meshObjects"] == "1"


def test_a_file_that_is_not_there_is_a_defect_of_ours(shared_served: Served, tmp_path: Path):
    assert shared_served.inspect(tmp_path / "none.glb")["failure"]["reason"] == "internal"


def test_malformed_lines_are_answered_and_survived(shared_served: Served):
    for line in (b"garbage", b"[]", b'{"requestId":"r","explode":{}}', b"x" * (3 * MAX_LINE_BYTES)):
        assert shared_served.send(line)["failure"]["reason"] == "internal"
    selftest = {"requestId": "r", "selftest": {}}
    assert "selftest" in shared_served.send(json.dumps(selftest).encode())["result"]


def test_a_number_that_json_cannot_hold_fails_its_own_request_alone():
    room = SimpleNamespace(OPS={"inspect": lambda *_: Answer("inspection", {"area": math.inf})}, reset=lambda: None)
    events = io.BytesIO()
    serve.answer(room, events, Request("r", "inspect"))
    *_, last = map(json.loads, events.getvalue().splitlines())
    assert (last["requestId"], last["failure"]["reason"]) == ("r", "internal")


def test_a_trace_id_leads_to_blenders_log_line(served: Served, tmp_path: Path):
    (tmp_path / "a.obj").write_bytes(OBJ)
    served.inspect(tmp_path / "a.obj", "r8")
    assert "trace=trace-1 request=r8 cyclorama_blender: begin inspect a.obj" in served.log.read_text()


def test_the_process_ends_when_the_worker_hangs_up(served: Served):
    assert served.hang_up() == 0


def test_the_module_also_runs_as_a_file_as_a_blender_executable_runs_it(tmp_path: Path):
    script = RUNTIME / "cyclorama_blender" / "serve.py"
    process = Served(tmp_path / "blender.log", [str(script), "--"])
    try:
        assert process.ready["blenderVersion"]
        assert process.hang_up() == 0
    finally:
        process.close()
