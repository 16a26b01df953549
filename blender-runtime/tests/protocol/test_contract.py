"""Requests are parsed, and events are written."""

from __future__ import annotations

import json

import pytest

from cyclorama_blender.protocol import contract
from cyclorama_blender.protocol.contract import Answer, MalformedRequest

OPS = ("inspect", "selftest")


def test_a_request_carries_its_fields():
    line = b'{"requestId":"r","traceId":"t","inputPath":"/in/a.glb","outputDir":"/out","inspect":{}}'
    request = contract.parse_request(line, OPS)
    assert (request.op, request.request_id, request.trace_id) == ("inspect", "r", "t")
    assert (request.input_path, request.output_dir, request.options) == ("/in/a.glb", "/out", {})


def test_absent_fields_are_empty_and_unknown_ones_are_ignored():
    request = contract.parse_request(b'{"requestId":"r","selftest":{},"someday":[1]}', OPS)
    assert (request.trace_id, request.input_path, request.output_dir) == ("", "", "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "not JSON"),
        (b"Read blend: x", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "list"),
        (b"{}", "no requestId"),
        (b'{"requestId":7,"inspect":{}}', "requestId is a JSON int"),
        (b'{"requestId":"r"}', "0 known ops"),
        (b'{"requestId":"r","explode":{}}', "0 known ops"),
        (b'{"requestId":"r","inspect":{},"selftest":{}}', "2 known ops"),
        (b'{"requestId":"r","inspect":null}', "inspect is no object"),
        (b'{"requestId":"r","inspect":{},"inputPath":["a"]}', "inputPath is a JSON list"),
        (b'{"requestId":"' + b"r" * contract.MAX_LINE_BYTES + b'"}', "more than"),
    ],
)
def test_a_line_that_is_no_request_is_refused_with_a_sentence(line: bytes, says: str):
    with pytest.raises(MalformedRequest, match=says):
        contract.parse_request(line, OPS)


def test_a_refusal_keeps_the_request_id_where_it_could_be_read():
    with pytest.raises(MalformedRequest) as caught:
        contract.parse_request(b'{"requestId":"r9","explode":{}}', OPS)
    assert caught.value.request_id == "r9"


def test_an_event_is_one_line_whatever_its_text_holds():
    line = contract.encode_event(contract.failure_event("r", "internal", "two\nlines \u2028", "import"))
    assert line.count(b"\n") == 1
    assert json.loads(line)["failure"]["message"] == "two\nlines \u2028"


@pytest.mark.parametrize(
    ("name", "read"), [("caf\udce9", "caf\ufffd"), ("\ud83d", "\ufffd"), ("\U0001f600 é", "\U0001f600 é")]
)
def test_halves_of_characters_never_leave(name: str, read: str):
    line = contract.encode_event({"result": {"warnings": [name], name: 1}})
    assert b"\\u" not in line
    assert json.loads(line) == {"result": {"warnings": [read], read: 1}}


def test_an_event_never_holds_what_json_cannot():
    with pytest.raises(ValueError):
        contract.encode_event({"result": {"value": float("nan")}})
    with pytest.raises(ValueError):
        contract.vector(1.0, float("inf"), 0.0)


@pytest.mark.parametrize(("count", "last"), [(100, "w99"), (130, "30 more warnings")])
def test_warnings_beyond_a_hundred_become_a_count(count: int, last: str):
    answer = Answer("inspection", {}, tuple(f"w{number}" for number in range(count)))
    warnings = contract.result_event("r", answer, {}, 1)["result"]["warnings"]
    assert warnings[:100] == list(answer.warnings[:100])
    assert warnings[-1] == last
