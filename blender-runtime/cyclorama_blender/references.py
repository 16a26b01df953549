"""Which files an asset may refer to: those at or below its own folder. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_WINDOWS_PATH = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\)")


def leaves_folder(path: str, folder: str) -> bool:
    """Tells whether an absolute path leads out of `folder`, without asking the disk; drive letters always do."""
    if _WINDOWS_PATH.match(path) or "\\" in path:
        return True
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part != "..":
            parts.append(part)
        elif len(parts) > 1:
            parts.pop()
    home = PurePosixPath(folder).parts
    return tuple(parts[: len(home)]) != home


def split_references(paths: Iterable[str], folder: str) -> tuple[list[str], list[str]]:
    """Sorts references into those inside the folder and those that leave it, each once, in order of name."""
    unique = sorted(set(paths))
    outside = [path for path in unique if leaves_folder(path, folder)]
    inside = [path for path in unique if path not in outside]
    return inside, outside
