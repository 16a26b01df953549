"""Finds equal rows and connected nodes without a loop over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.integer]


def pack_rows(columns: Sequence[Integers], bits: int) -> npt.NDArray[np.uint64]:
    """Turns each row into one number. Two rows get the same number only if they are equal.

    Args:
        columns: arrays of one length, with numbers from 0 to 2**bits - 1.
        bits: number of bits of each number, 32 at most.
    """
    keys = columns[0].astype(np.uint64)
    used = bits
    for column in columns[1:]:
        if used + bits > 64:
            keys, count = number_alike(keys)
            used = count.bit_length()
        keys = (keys << np.uint64(bits)) | column.astype(np.uint64)
        used += bits
    return keys


def number_alike(keys: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], int]:
    """Numbers the different values from 0; returns the number of each key, and how many different values there are."""
    values, numbers = np.unique(keys, return_inverse=True)
    return numbers.astype(np.uint64), len(values)


def count_components(first: Integers, second: Integers, nodes: int) -> int:
    """Counts the connected components of a graph of `nodes` nodes whose edges join first[i] and second[i]."""
    return int(np.count_nonzero(find_roots(first, second, nodes) == np.arange(nodes)))


def find_roots(first: Integers, second: Integers, nodes: int) -> npt.NDArray[np.intp]:
    """Returns for each node of such a graph the root of its component, one node that stands for all of them.

    Hooks root to root and shortens the paths. Each pair of rounds, one that hooks downwards and one that hooks
    upwards, leaves at most half of the roots that have a neighbour, so any graph takes few rounds (Shiloach and
    Vishkin, 1982).
    """
    parent = np.arange(nodes)
    downwards = True
    while len(first) > 0:
        low, high = np.minimum(first, second), np.maximum(first, second)
        # If a root has several edges, the last one written wins; any of them would do.
        parent[high if downwards else low] = low if downwards else high
        while True:
            grandparent = parent[parent]
            if np.array_equal(grandparent, parent):
                break
            parent = grandparent
        first, second = parent[first], parent[second]
        apart = first != second
        first, second = first[apart], second[apart]
        downwards = not downwards
    return parent
