"""Failures that the runtime raises: a reason that the queue knows, and what, which and what was expected."""

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
"""The part of the table in services/kernel/failure.ts that Python may use; a contract test compares the two."""

MESSAGE_CHARS = 500

_EXCEPTION_LINE = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)(?::|$)")
_NOISE_LINE = re.compile(r"^(?:Location: |Traceback \(most recent call last\)|\s*\^+\s*$|\s*~*\^+~*\s*$)")


class RuntimeFailure(Exception):
    """A failure with a reason of the table.

    Args:
        reason: one of `REASONS`.
        message: what failed, which asset or setting, and what was expected.
    """

    def __init__(self, reason: str, message: str) -> None:
        if reason not in REASONS:
            raise ValueError(f"reason {reason!r} is not one of {sorted(REASONS)}")
        super().__init__(message)
        self.reason = reason
        self.message = message


def operator_message(error: BaseException, folder: str) -> str:
    """Reduces what a Blender operator raised to its one meaningful line.

    A Python importer's whole traceback arrives inside a RuntimeError; of that `Python: Type: message` stays. Paths in
    `folder` shrink to file names, since they name our scratch directory.
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
    """Says what an importer's exception means; those written in Python wrap a lack of memory like anything else."""
    message = operator_message(error, folder)
    kind, _, what = message.removeprefix("Python: ").partition(": ")
    return MemoryError(what) if kind.endswith("MemoryError") else RuntimeFailure("import_failed", message)


def _shorten(text: str) -> str:
    return text if len(text) <= MESSAGE_CHARS else text[: MESSAGE_CHARS - 3] + "..."
