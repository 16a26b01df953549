"""Docstrings of the runtime are sentences that begin with a verb; ruff's D rules check that they exist and end."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cyclorama_blender"
MODULES = sorted(PACKAGE.rglob("*.py"))

VERB = re.compile(r"[A-Z][a-z]+s\b")
"""Third person, such as `Returns`."""
FRAGMENT = re.compile(r"(?:At|Beside|By|Of|Over|So|Times|What|Where|Whether|Which)\b")
"""Beginnings of fragments, such as `Of the object's length`."""


def docstrings(tree: ast.Module) -> Iterator[str]:
    """Yields the docstrings of a module, its classes and its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield text


def texts_of_constants(tree: ast.Module) -> Iterator[str]:
    """Yields the strings that follow a module's assignments."""
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(before, ast.Assign | ast.AnnAssign) and isinstance(after, ast.Expr):
            text = after.value
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_docstrings_begin_with_a_verb_and_texts_of_constants_are_no_fragments(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert [text for text in docstrings(tree) if not VERB.match(text)] == []
    assert [text for text in texts_of_constants(tree) if FRAGMENT.match(text)] == []
