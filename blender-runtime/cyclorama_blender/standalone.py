"""What the one-file scripts share: the same runtime without a worker, under `python` or a `blender` executable."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from cyclorama_blender.contract import Answer
from cyclorama_blender.failure import RuntimeFailure
from cyclorama_blender.serve import own_arguments

INTERRUPTED = 130


def run(main: Callable[[list[str]], int], argv: list[str]) -> NoReturn:
    """Runs a script's main and ends the process with its exit code.

    By itself `blender --python` ends with 0 whatever a script raised, and Blender's clean-up hangs at times.
    """
    try:
        code = main(own_arguments(argv))
    except RuntimeFailure as failure:
        print(f"ERROR: {failure.message}", file=sys.stderr)  # noqa: T201
        code = 1
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def open_blender() -> None:
    """Makes sure that this Python has a Blender that is new enough, and takes its chatter off standard output.

    Raises:
        RuntimeFailure: `blender_unavailable`.
    """
    try:
        import bpy  # noqa: F401
    except ImportError as error:
        raise RuntimeFailure(
            "blender_unavailable",
            f"this Python {sys.version.split()[0]} cannot import bpy ({error}); expected Python 3.11 with "
            "'pip install bpy==4.5.15', or a run as: blender --background --python SCRIPT -- ARGUMENTS",
        ) from error
    from cyclorama_blender import session

    session.check_version()
    # What goes wrong is in the exception; importers log the rest of what they do for people who debug them.
    logging.disable(logging.ERROR)
    # Native code writes to descriptor 1: that becomes standard error, and print keeps the real one.
    sys.stdout.flush()
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.dup2(2, 1)


def inspect_file(path: Path) -> Answer:
    """Imports a file into an empty Blender, describes it, and empties Blender again, whatever came of it.

    Raises:
        RuntimeFailure: the reasons of `import_asset`.
    """
    from cyclorama_blender import importers, inspection, session

    # Operators repeat on Python's standard output what they raise.
    with contextlib.redirect_stdout(io.StringIO()):
        session.reset()
        try:
            return inspection.inspect_scene(importers.import_asset(path), with_stats=False)
        finally:
            session.reset()
