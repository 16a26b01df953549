"""Reads requests and writes events: protobuf JSON of cyclorama.blender.v1, one message a line."""

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
    """Reports a line that is no known request. It keeps the request id if that could be read."""

    def __init__(self, message: str, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id


@dataclass(frozen=True)
class Request:
    """Holds one request of the worker."""

    request_id: str
    op: str
    options: Json = field(default_factory=dict)
    trace_id: str = ""
    input_path: str = ""
    output_dir: str = ""


@dataclass(frozen=True)
class Answer:
    """Holds the result of a request.

    Attributes:
        kind: the field of BlenderResult's oneof.
        message: the value of that field.
        warnings: for the user.
    """

    kind: str
    message: Json
    warnings: tuple[str, ...] = ()


Enter = Callable[[str], None]
"""A function that is called with the name of each stage that begins, and again when that stage moves on."""

Op = Callable[[Request, Enter], Answer]
"""A function that performs one kind of request."""


def parse_request(line: bytes, ops: Collection[str]) -> Request:
    """Reads one line of protobuf JSON that names one of `ops`. Unknown fields, as of newer workers, are ignored.

    Raises:
        MalformedRequest: the line is no JSON object, is too long, or does not name exactly one of `ops`.
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
    """Writes one event as a line.

    Raises:
        ValueError: a number is not finite, which is a bug of ours.
    """
    return write_json(event, separators=(",", ":")).encode() + b"\n"


def write_json(value: object, **layout: Any) -> str:
    """Writes JSON that strict readers accept.

    Names that are no UTF-8, such as Latin-1 from an OBJ, come from Blender with lone surrogates, which strict readers
    refuse. Each becomes U+FFFD.

    Raises:
        ValueError: a number is not finite.
    """
    return _SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False, allow_nan=False, **layout))


def ready_event(blender_version: str, python_version: str, pid: int) -> Json:
    """Returns the event for a process that is ready for requests."""
    return {"ready": {"blenderVersion": blender_version, "pythonVersion": python_version, "pid": pid}}


def progress_event(request_id: str, stage: str) -> Json:
    """Returns the event for a stage that began or moved on."""
    return {"requestId": request_id, "progress": {"stage": stage}}


def result_event(request_id: str, answer: Answer, stage_seconds: dict[str, float], rss_bytes: int) -> Json:
    """Returns the event for a request that is done. Warnings beyond the first MAX_WARNINGS become a count."""
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
    """Returns the event for a request that failed."""
    return {"requestId": request_id, "failure": {"reason": reason, "message": message, "stage": stage}}


def vector(x: float, y: float, z: float) -> Json:
    """Returns a Vector3 of three numbers.

    Raises:
        ValueError: a number is not finite.
    """
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"({x}, {y}, {z}) is not finite")
    return {"x": float(x), "y": float(y), "z": float(z)}
