"""What the one-file scripts share: the same runtime without a worker, under `python` or a `blender` executable."""

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

    By itself `blender --python` ends with 0 whatever a script raised, and Blender's clean-up hangs at times.

    Args:
        main: takes the script's arguments and a folder for temporary files, which goes with the process.
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
        # Whoever reads what we print has seen enough.
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
    """Starts this Python again with the hash seed that workers have, so that every run comes to the same.

    The glTF add-on walks sets of names, and with one seed in six it fails at valid files. A `blender` keeps its own.
    """
    if sys.flags.hash_randomization and not sys.flags.ignore_environment and "bpy" not in sys.modules:
        os.putenv("PYTHONHASHSEED", "0")
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _end_on_signals(scratch: Path) -> None:
    """Has Ctrl-C and SIGTERM end the process at once.

    Python calls handlers when Blender returns, which after a render may be in an hour; and what they raise inside of an
    importer would be that importer's failure.
    """
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    threading.Thread(target=lambda: _leave(128 + os.read(wake, 1)[0], scratch), daemon=True).start()


def _leave(code: int, scratch: Path) -> NoReturn:
    shutil.rmtree(scratch, ignore_errors=True)
    # Blender, if it has come so far, has a temporary folder of its own, which is empty.
    with contextlib.suppress(KeyError, AttributeError, OSError):
        Path(sys.modules["bpy"].app.tempdir).rmdir()
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
    from cyclorama_blender.scene.asset import session

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
    from cyclorama_blender.scene.asset import importers, inspection, session

    # Operators repeat on Python's standard output what they raise.
    with contextlib.redirect_stdout(io.StringIO()):
        session.reset()
        try:
            return inspection.inspect_scene(importers.import_asset(path), with_stats=False)
        finally:
            session.reset()
