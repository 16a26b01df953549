"""Which rows are alike and which nodes hang together, without a loop over them. Pure numpy, no bpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.integer]


def pack_rows(columns: Sequence[Integers], bits: int) -> npt.NDArray[np.uint64]:
    """Turns each row into one number: equal rows into equal numbers, others into others.

    Args:
        columns: arrays of one length, numbers from 0 up to 2**bits - 1.
        bits: how many bits a number has, 32 at most.
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
    """Numbers values from 0 on, equal ones alike; returns the numbers and how many there are."""
    values, numbers = np.unique(keys, return_inverse=True)
    return numbers.astype(np.uint64), len(values)


def count_components(first: Integers, second: Integers, nodes: int) -> int:
    """Counts the connected components of a graph of `nodes` nodes whose edges join first[i] and second[i]."""
    return int(np.count_nonzero(find_roots(first, second, nodes) == np.arange(nodes)))


def find_roots(first: Integers, second: Integers, nodes: int) -> npt.NDArray[np.intp]:
    """Names one node of its component for each node of such a graph, the same for the whole component.

    Hooks root to root and shortens the paths. Hooking downwards and upwards in turns leaves at most half of the roots
    that have a neighbour, so the rounds are few whatever the graph looks like (Shiloach and Vishkin, 1982).
    """
    parent = np.arange(nodes)
    downwards = True
    while len(first) > 0:
        low, high = np.minimum(first, second), np.maximum(first, second)
        # Of several edges at one root the last one written wins; any would do.
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
