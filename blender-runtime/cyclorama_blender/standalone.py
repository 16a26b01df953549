"""Runs the one-file scripts: the same runtime without a worker, under `python` or a `blender` executable."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from cyclorama_blender.protocol.contract import Answer
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.serve import own_arguments


def run(main: Callable[[list[str], Path], int], argv: list[str]) -> NoReturn:
    """Runs a script's main and ends the process with its exit code.

    Otherwise `blender --python` would end with 0 even if a script raised, and Blender's clean-up sometimes hangs.

    Args:
        main: takes the script's arguments and a folder for temporary files, which is deleted when the process ends.
        argv: the command line.
    """
    _fix_hash_seed()
    scratch = Path(tempfile.mkdtemp(prefix="cyclorama-"))
    _end_on_signals(scratch)
    try:
        code = main(own_arguments(argv), scratch)
    except RuntimeFailure as failure:
        print(f"ERROR: {failure.message}", file=sys.stderr)  # noqa: T201
        code = 1
    except BrokenPipeError:
        # The reader of our output closed the pipe.
        code = 1
    except SystemExit as end:
        code = int(end.code or 0)
    except Exception:  # noqa: BLE001
        traceback.print_exc()
        code = 1
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    _leave(code, scratch)


def _fix_hash_seed() -> None:
    """Starts this Python again with the workers' hash seed, so that every run gives the same result.

    The glTF add-on iterates over sets of names, and with one seed in six it fails on valid files. A `blender`
    executable keeps its own seed.
    """
    if sys.flags.hash_randomization and not sys.flags.ignore_environment and "bpy" not in sys.modules:
        os.putenv("PYTHONHASHSEED", "0")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _end_on_signals(scratch: Path) -> None:
    """Makes Ctrl-C and SIGTERM end the process at once.

    Python calls its handlers only when Blender returns, which may be an hour later during a render. An exception
    raised in a handler during an import would look like the importer's own failure.
    """
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    threading.Thread(target=lambda: _leave(128 + os.read(wake, 1)[0], scratch), daemon=True).start()


def _leave(code: int, scratch: Path) -> NoReturn:
    shutil.rmtree(scratch, ignore_errors=True)
    # If Blender has started, it has an empty temporary folder of its own.
    with contextlib.suppress(KeyError, AttributeError, OSError):
        Path(sys.modules["bpy"].app.tempdir).rmdir()
    os._exit(code)


def open_blender() -> None:
    """Checks that this Python has a new enough Blender, and keeps Blender's log off standard output.

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
    from cyclorama_blender.scene.asset import session

    session.check_version()
    # The exception says what went wrong; the importers' log serves only people who debug them.
    logging.disable(logging.ERROR)
    # Native code writes to descriptor 1, which becomes standard error; `print` keeps the real standard output.
    sys.stdout.flush()
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.dup2(2, 1)


def inspect_file(path: Path) -> Answer:
    """Imports a file into an empty Blender, describes it, and empties Blender again, even if the import fails.

    Raises:
        RuntimeFailure: the reasons of `import_asset`.
    """
    from cyclorama_blender.scene.asset import importers, inspection, session

    # Operators also print their exceptions on Python's standard output.
    with contextlib.redirect_stdout(io.StringIO()):
        session.reset()
        try:
            return inspection.inspect_scene(importers.import_asset(path), with_stats=False)
        finally:
            session.reset()
