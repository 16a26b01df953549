"""Provides Blender to tests: the real served process behind pipes, and a scene in the test's own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RUNTIME = Path(__file__).resolve().parent.parent
TIMEOUT_S = 60
EXIT_STATUS = pytest.StashKey[int]()
"""Key of the run's exit code; it is missing if the run itself broke."""
AS_MODULE = ["-m", "cyclorama_blender.serve"]


class Served:
    """Runs the warm process of `serve.py`. A wait of more than a minute kills it."""

    def __init__(self, log: Path, program: list[str] = AS_MODULE) -> None:
        requests_read, requests_write = os.pipe()
        events_read, events_write = os.pipe()
        control = ["--control-in", str(requests_read), "--control-out", str(events_write)]
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, *program, *control],
                cwd=RUNTIME,
                # A killed process leaves Blender's own temporary folder behind.
                env={**os.environ, "TMPDIR": str(log.parent), "TEMP": str(log.parent)},
                pass_fds=(requests_read, events_write),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        os.close(requests_read)
        os.close(events_write)
        self.log = log
        self._requests = requests_write
        self._events = os.fdopen(events_read, "rb")
        self.ready = self.read()["ready"]

    def read(self) -> dict[str, Any]:
        """Reads the next event."""
        alarm = threading.Timer(TIMEOUT_S, self.process.kill)
        alarm.start()
        try:
            return json.loads(self._events.readline())
        finally:
            alarm.cancel()

    def send(self, line: bytes) -> dict[str, Any]:
        """Writes a line and returns the event that ends the request. The stages before it are added to `stages`."""
        os.write(self._requests, line + b"\n")
        self.stages: list[str] = []
        while "progress" in (event := self.read()):
            self.stages.append(event["progress"]["stage"])
        return event

    def inspect(self, path: Path, request_id: str = "r1") -> dict[str, Any]:
        """Sends a request to inspect an asset."""
        request = {"requestId": request_id, "traceId": "trace-1", "inputPath": str(path), "inspect": {}}
        return self.send(json.dumps(request).encode())

    def hang_up(self) -> int:
        """Closes the control pipe and returns the exit code."""
        if self._requests >= 0:
            os.close(self._requests)
            self._requests = -1
        return self.process.wait(TIMEOUT_S)

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.hang_up()
        self._events.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Yields a warm process for one test."""
    process = Served(tmp_path / "blender.log")
    yield process
    process.close()


@pytest.fixture(scope="module")
def shared_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yields a warm process that the tests of a module share, since it must also survive the test before."""
    process = Served(tmp_path_factory.mktemp("served") / "blender.log")
    yield process
    process.close()


@pytest.fixture
def empty_scene() -> Any:
    """Resets Blender in this process and returns its scene."""
    from cyclorama_blender.scene.asset import session

    session.reset()
    import bpy

    return bpy.context.scene


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keeps the exit code for the end."""
    session.config.stash[EXIT_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the process when all reports are written, since Blender's clean-up sometimes hangs after renders."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(EXIT_STATUS, 3))
