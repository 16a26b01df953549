"""Defines the failures that the runtime raises, each with a reason that the queue knows."""

from __future__ import annotations

import re

REASONS = frozenset(
    {
        "blank_render",
        "blender_out_of_memory",
        "blender_unavailable",
        "cropped",
        "gpu_unavailable",
        "import_failed",
        "internal",
        "invalid_asset",
        "invalid_render",
        "missing_dependency",
        "no_geometry",
        "unsafe_reference",
        "unsupported_format",
    }
)
"""Lists the reasons of services/kernel/failure.ts that Python may use; a contract test compares the two."""

MESSAGE_CHARS = 500

_EXCEPTION_LINE = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)(?::|$)")
_NOISE_LINE = re.compile(r"^(?:Location: |Traceback \(most recent call last\)|\s*\^+\s*$|\s*~*\^+~*\s*$)")


class RuntimeFailure(Exception):
    """Stops a request with one of the `REASONS`.

    Args:
        reason: one of `REASONS`.
        message: names the asset or the setting, says why it failed, and what was expected.
    """

    def __init__(self, reason: str, message: str) -> None:
        if reason not in REASONS:
            raise ValueError(f"reason {reason!r} is not one of {sorted(REASONS)}")
        super().__init__(message)
        self.reason = reason
        self.message = message


def operator_message(error: BaseException, folder: str) -> str:
    """Reduces the error of a Blender operator to its one meaningful line.

    An importer written in Python raises a RuntimeError with its whole traceback; only `Python: Type: message` is kept.
    Paths in `folder`, our scratch directory, shrink to file names.
    """
    text = str(error).strip().removeprefix("Error:").strip()
    if folder:
        text = text.replace(folder.rstrip("/") + "/", "")
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not _NOISE_LINE.match(line)]
    if not lines:
        return f"{type(error).__name__} without a message"
    if "Traceback (most recent call last)" in text:
        named = [line for line in lines if _EXCEPTION_LINE.match(line)]
        return _shorten(f"Python: {named[-1] if named else lines[-1].strip()}")
    return _shorten(lines[0].removeprefix("Error:").strip())


def operator_failure(error: BaseException, folder: str) -> Exception:
    """Turns an importer's exception into ours. Importers in Python wrap even a MemoryError, which is unwrapped here."""
    message = operator_message(error, folder)
    kind, _, what = message.removeprefix("Python: ").partition(": ")
    return MemoryError(what) if kind.endswith("MemoryError") else RuntimeFailure("import_failed", message)


def _shorten(text: str) -> str:
    return text if len(text) <= MESSAGE_CHARS else text[: MESSAGE_CHARS - 3] + "..."
