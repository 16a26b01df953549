"""The lines between worker and Blender: protobuf JSON of cyclorama.blender.v1, one message a line. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

MAX_LINE_BYTES = 1 << 20
MAX_WARNINGS = 100

Json = dict[str, Any]

_SURROGATES = re.compile("[\ud800-\udfff]")


class MalformedRequest(Exception):
    """A line that is not a request we know; the request id is kept where it could be read."""

    def __init__(self, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id


@dataclass(frozen=True)
class Request:
    """One request of the worker."""

    request_id: str
    op: str
    options: Json = field(default_factory=dict)
    trace_id: str = ""
    input_path: str = ""
    output_dir: str = ""


@dataclass(frozen=True)
class Answer:
    """What a request came to: the field of BlenderResult's oneof, its message, and what the user should know."""

    kind: str
    message: Json
    warnings: tuple[str, ...] = ()


Enter = Callable[[str], None]
"""Reports the stage that begins, or that the current stage moves on."""

Op = Callable[[Request, Enter], Answer]
"""Performs one kind of request."""


def parse_request(line: bytes, ops: Collection[str]) -> Request:
    """Reads one line of protobuf JSON that asks for one of `ops`; fields of newer workers are ignored.

    Raises:
        MalformedRequest: the line is no JSON object, is too long, or asks for no op that this runtime has.
    """
    if len(line) > MAX_LINE_BYTES:
        raise MalformedRequest(f"a request of more than {MAX_LINE_BYTES} bytes; expected one line of JSON below that")
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"a request is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise MalformedRequest(f"a request is a JSON {type(message).__name__}; expected an object")
    request_id = _text(message, "requestId", "")
    if not request_id:
        raise MalformedRequest("a request has no requestId")
    asked = [op for op in ops if op in message]
    if len(asked) != 1:
        raise MalformedRequest(f"the request has {len(asked)} known ops; expected one of {', '.join(ops)}", request_id)
    options = message[asked[0]]
    if not isinstance(options, dict):
        raise MalformedRequest(f"{asked[0]} is no object", request_id)
    return Request(
        request_id=request_id,
        op=asked[0],
        options=options,
        trace_id=_text(message, "traceId", request_id),
        input_path=_text(message, "inputPath", request_id),
        output_dir=_text(message, "outputDir", request_id),
    )


def _text(message: Json, name: str, request_id: str) -> str:
    value = message.get(name, "")
    if not isinstance(value, str):
        raise MalformedRequest(f"{name} is a JSON {type(value).__name__}; expected a string", request_id)
    return value


def encode_event(event: Json) -> bytes:
    """Writes one event as a line; a number that JSON cannot hold is a defect and raises ValueError."""
    return write_json(event, separators=(",", ":")).encode() + b"\n"


def write_json(value: object, **layout: Any) -> str:
    """Writes JSON that any reader takes; a number that JSON cannot hold raises ValueError.

    Blender hands names that are no UTF-8, such as Latin-1 out of an OBJ, as halves of characters, at which strict
    readers stop; they become U+FFFD.
    """
    return _SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False, allow_nan=False, **layout))


def ready_event(blender_version: str, python_version: str, pid: int) -> Json:
    """Says that the process takes requests."""
    return {"ready": {"blenderVersion": blender_version, "pythonVersion": python_version, "pid": pid}}


def progress_event(request_id: str, stage: str) -> Json:
    """Says that a stage began or moved on."""
    return {"requestId": request_id, "progress": {"stage": stage}}


def result_event(request_id: str, answer: Answer, stage_seconds: dict[str, float], rss_bytes: int) -> Json:
    """Says that the request is done; warnings beyond the first hundred become a count."""
    warnings = list(answer.warnings[:MAX_WARNINGS])
    if len(answer.warnings) > MAX_WARNINGS:
        warnings.append(f"{len(answer.warnings) - MAX_WARNINGS} more warnings")
    result = {
        "stageSeconds": {stage: round(seconds, 6) for stage, seconds in stage_seconds.items()},
        "rssBytes": str(rss_bytes),
        "warnings": warnings,
        answer.kind: answer.message,
    }
    return {"requestId": request_id, "result": result}


def failure_event(request_id: str, reason: str, message: str, stage: str) -> Json:
    """Says that the request failed and why."""
    return {"requestId": request_id, "failure": {"reason": reason, "message": message, "stage": stage}}


def vector(x: float, y: float, z: float) -> Json:
    """Writes three finite numbers as a Vector3."""
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"({x}, {y}, {z}) is not finite")
    return {"x": float(x), "y": float(y), "z": float(z)}
