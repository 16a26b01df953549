"""Ties this process to its parent and keeps the native log readable, by Linux calls through ctypes."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_IOLBF = 1


def die_with_parent() -> None:
    """Asks Linux to kill this process when its parent dies; elsewhere the process ends with the control pipe.

    A parent that died before this call has closed the control pipe, so the first read ends the process.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os._exit(1)


def flush_native_log_by_line() -> None:
    """Makes C's stdout line buffered. In a pipe it would hold back 4 KB, and so lose the last lines before a crash."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, _IOLBF, ctypes.c_size_t(0))
