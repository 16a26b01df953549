"""References that leave a folder are recognised."""

from __future__ import annotations

import pytest

from cyclorama_blender.maths.references import leaves_folder, split_references


@pytest.mark.parametrize(
    ("path", "leaves"),
    [
        ("/scratch/in/a.png", False),
        ("/scratch/in/textures/a.png", False),
        ("/scratch/in/textures/../a.png", False),
        ("/scratch/in/..a.png", False),
        ("/../scratch/in/a.png", False),
        ("/scratch/in/../a.png", True),
        ("/scratch/in/x/../../../etc/passwd", True),
        ("/scratch/input/a.png", True),
        ("/etc/passwd", True),
        ("/../etc/passwd", True),
        ("C:\\Users\\a.png", True),
        ("D:/a.png", True),
        ("\\\\server\\share\\a.png", True),
        ("/scratch/in/..\\..\\a.png", True),
        ("a.png", True),
    ],
)
def test_a_reference_may_not_leave_the_folder(path: str, leaves: bool):
    assert leaves_folder(path, "/scratch/in") is leaves


def test_references_are_sorted_and_each_spelling_named_once():
    references = [("//b", "/f/b"), ("/x", "/x"), ("//a", "/f/a"), ("//b", "/f/b"), ("//../x", "/x"), ("/x", "/x")]
    assert split_references(references, "/f") == ([("//a", "/f/a"), ("//b", "/f/b")], [("//../x", "/x"), ("/x", "/x")])
