"""Decides which files an asset may refer to: those at or below its own folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter
from pathlib import PurePosixPath

Reference = tuple[str, str]
"""A path as the file has it, and the same path as an absolute one."""

_WINDOWS_PATH = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\)")


def leaves_folder(path: str, folder: str) -> bool:
    """Returns whether an absolute path leads out of `folder`, without a look at the disk. Drive letters always do."""
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


def split_references(references: Iterable[Reference], folder: str) -> tuple[list[Reference], list[Reference]]:
    """Returns the references inside the folder and those that leave it, each spelling once, sorted by path."""
    unique = sorted(set(references), key=itemgetter(1, 0))
    outside = [each for each in unique if leaves_folder(each[1], folder)]
    inside = [each for each in unique if not leaves_folder(each[1], folder)]
    return inside, outside
