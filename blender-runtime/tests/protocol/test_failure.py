"""Failures have messages of one meaningful line."""

from __future__ import annotations

import pytest

from cyclorama_blender.protocol.failure import MESSAGE_CHARS, RuntimeFailure, operator_failure, operator_message
from cyclorama_blender.serve import to_failure

TRACEBACK = """Error: Python: Traceback (most recent call last):
  File "/venv/io_scene_gltf2/__init__.py", line 2155, in execute
    return self.import_gltf2(context)
           ^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/venv/x.py", line 3, in read
    raise OSError("Invalid header.")
OSError: Invalid header.

Location: /venv/bpy/ops.py:109
"""


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (TRACEBACK, "Python: OSError: Invalid header."),
        ("Error: Bad GLB: file size doesn't match\n", "Bad GLB: file size doesn't match"),
        ("Error: Cannot open file '/scratch/in/a.obj'\n", "Cannot open file 'a.obj'"),
        ("Error: first\nError: second\n", "first"),
        ("Error: Python: Traceback (most recent call last):\n  File 'x'\nKeyError: 0\n", "Python: KeyError: 0"),
        (
            "Error: Python: Traceback (most recent call last):\n  File 'x'\nstruct.error: unpack requires 20 bytes\n"
            "Location: ops.py:9\n",
            "Python: struct.error: unpack requires 20 bytes",
        ),
        ("", "RuntimeError without a message"),
    ],
)
def test_what_an_operator_raised_shrinks_to_its_meaningful_line(raised: str, message: str):
    assert operator_message(RuntimeError(raised), "/scratch/in") == message


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("MemoryError", MemoryError),
        ("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 9.3 GiB", MemoryError),
        ("OSError: no MemoryError", RuntimeFailure),
    ],
)
def test_a_lack_of_memory_is_no_failure_of_the_operator(line: str, meant: type[Exception]):
    error = RuntimeError(f"Error: Python: Traceback (most recent call last):\n  File 'x'\n{line}\nLocation: ops.py:9\n")
    assert type(operator_failure(error, "")) is meant


def test_a_message_has_a_limit():
    assert len(operator_message(RuntimeError("x" * 10_000), "")) == MESSAGE_CHARS


def test_a_reason_outside_the_table_is_a_defect():
    with pytest.raises(ValueError, match="no_such_reason"):
        RuntimeFailure("no_such_reason", "x")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeFailure("import_failed", "no"), "import_failed"),
        (MemoryError(), "blender_out_of_memory"),
        (KeyError("defect"), "internal"),
    ],
)
def test_every_exception_gets_a_reason(error: Exception, reason: str):
    assert to_failure(error)[0] == reason
