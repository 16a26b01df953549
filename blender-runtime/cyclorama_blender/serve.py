"""Runs the warm process: it reads requests from one descriptor and writes events to another.

Each request starts from an empty session.

    python -m cyclorama_blender.serve --control-in 3 --control-out 4
    blender --background --python cyclorama_blender/serve.py -- --control-in 3 --control-out 4

With `--room imaging` it is the process beside Blender: it makes images of rendered passes and imports no bpy.

Standard output and error are only a log, since Blender's native code writes there too.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

# `blender --python` runs this file by itself, without its package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cyclorama_blender.protocol import contract, lifeline, memory
from cyclorama_blender.protocol.contract import Answer, MalformedRequest, Request
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.protocol.timing import StageClock

log = logging.getLogger("cyclorama_blender")


def send(events: BinaryIO, event: contract.Json) -> None:
    """Writes one event and flushes it. Any thread may call it, since the writer has a lock."""
    events.write(contract.encode_event(event))
    events.flush()


def to_failure(error: BaseException) -> tuple[str, str]:
    """Returns the reason and the message for any exception."""
    if isinstance(error, RuntimeFailure):
        return error.reason, error.message
    if isinstance(error, MemoryError):
        return "blender_out_of_memory", f"Blender could not get the memory it asked for: {error}"
    return "internal", f"{type(error).__name__}: {error}"


def answer(room: ModuleType, events: BinaryIO, request: Request) -> None:
    """Does one request, and tidies up even if it fails. No other function of this process catches every exception."""
    clock = StageClock(lambda stage: send(events, contract.progress_event(request.request_id, stage)))
    done: Answer | None = None
    failure: tuple[str, str, str] | None = None
    log.info("begin %s %s", request.op, Path(request.input_path).name)
    try:
        done = room.OPS[request.op](request, clock.enter)
        # A number that JSON cannot hold must fail this request; found only in `send`, it would end the process.
        contract.encode_event(done.message)
    except Exception as error:  # noqa: BLE001
        failure = (*to_failure(error), clock.stage)
        # A failure that we named ourselves needs no stack trace, but its cause does.
        known = isinstance(error, RuntimeFailure) and error.__cause__ is None
        log.warning("failed in %s: %s", clock.stage, error if known else traceback.format_exc())
    clock.enter("reset")
    room.reset()
    clock.enter("")
    rss_bytes = memory.rss_bytes()
    seconds = " ".join(f"{stage} {taken:.3f} s" for stage, taken in clock.seconds.items())
    log.info("end %s: %s, %d MB resident", request.op, seconds, rss_bytes >> 20)
    if failure is not None:
        send(events, contract.failure_event(request.request_id, *failure))
    elif done is not None:
        send(events, contract.result_event(request.request_id, done, clock.seconds, rss_bytes))


def read_line(requests: BinaryIO) -> bytes:
    """Reads one line. A line that is too long is cut one byte after the limit, and the rest is skipped."""
    line = requests.readline(contract.MAX_LINE_BYTES + 1)
    rest = line
    while rest and not rest.endswith(b"\n"):
        rest = requests.readline(contract.MAX_LINE_BYTES)
    return line


def serve(room: ModuleType, threads: int, requests: BinaryIO, events: BinaryIO) -> None:
    """Answers requests until the worker closes its end."""
    version = room.start(threads)
    send(events, contract.ready_event(version, platform.python_version(), os.getpid()))
    while line := read_line(requests):
        try:
            request = contract.parse_request(line, room.OPS)
        except MalformedRequest as error:
            log.error("malformed request: %s", error)
            send(events, contract.failure_event(error.request_id, "internal", f"malformed request: {error}", "request"))
            continue
        set_log_context(request)
        answer(room, events, request)


def set_log_context(request: Request) -> None:
    """Adds the trace and the request to every later log line."""
    context = f"trace={request.trace_id or '-'} request={request.request_id}".replace("%", "%%")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter(f"%(levelname)s {context} %(name)s: %(message)s"))


def main(argv: list[str]) -> int:
    """Runs the warm process; returns its exit code."""
    parser = argparse.ArgumentParser(prog="cyclorama_blender.serve", description="Answers requests of a worker.")
    parser.add_argument("--control-in", type=int, required=True, help="descriptor to read requests from")
    parser.add_argument("--control-out", type=int, required=True, help="descriptor to write events to")
    parser.add_argument("--room", choices=("scene", "imaging"), default="scene", help="with Blender, or beside it")
    parser.add_argument("--threads", type=int, default=0, help="how many to render with; 0: one for each core")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    lifeline.die_with_parent()
    lifeline.flush_native_log_by_line()
    try:
        room = importlib.import_module(f"cyclorama_blender.{options.room}.room")
        with open(options.control_in, "rb") as requests, open(options.control_out, "wb") as events:  # noqa: PTH123
            serve(room, options.threads, requests, events)
    except RuntimeFailure as failure:
        log.error("%s: %s", failure.reason, failure.message)
        return 3
    except (BrokenPipeError, ConnectionResetError):
        log.info("the worker closed the control pipe")
    return 0


def own_arguments(argv: list[str]) -> list[str]:
    """Returns the arguments without those of Blender's own command line."""
    return argv[argv.index("--") + 1 :] if "--" in argv else argv[1:]


if __name__ == "__main__":
    code = main(own_arguments(sys.argv))
    logging.shutdown()
    sys.stdout.flush()
    # Blender's clean-up at exit takes 0.1 s and is known to hang.
    os._exit(code)
