"""Equal rows and connected nodes are found."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.maths.connectivity import count_components, number_alike, pack_rows


@pytest.mark.parametrize("bits", [3, 20, 31, 32])
@pytest.mark.parametrize("columns", [1, 2, 3, 7])
def test_rows_get_one_number_exactly_if_they_are_equal(bits: int, columns: int):
    rows = np.random.default_rng(7).integers(0, 3, size=(500, columns)) * ((1 << bits) // 4)
    numbers, count = number_alike(pack_rows(list(rows.T), bits))
    assert count == len(np.unique(rows, axis=0))
    same_row = (rows[:, None] == rows[None]).all(axis=2)
    assert np.array_equal(numbers[:, None] == numbers[None], same_row)


def union_find(first: list[int], second: list[int], nodes: int) -> int:
    parent = list(range(nodes))

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in zip(first, second, strict=True):
        parent[root(a)] = root(b)
    return len({root(node) for node in range(nodes)})


def path(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(nodes - 1), np.arange(1, nodes)


@pytest.mark.parametrize(
    ("first", "second", "nodes", "components"),
    [
        ([], [], 0, 0),
        ([], [], 3, 3),
        ([0], [0], 1, 1),
        ([0, 2], [1, 3], 4, 2),
        ([0, 0, 0], [1, 1, 2], 4, 2),
        (*path(10_000), 10_000, 1),
        (np.arange(4_999), np.full(4_999, 4_999), 5_000, 1),
        (np.arange(1, 5_000), np.zeros(4_999, dtype=int), 5_000, 1),
    ],
    ids=["nothing", "no edge", "a loop", "two pairs", "a node alone", "a path", "a star from above", "a star"],
)
def test_components_are_counted(first: list[int], second: list[int], nodes: int, components: int):
    assert count_components(np.asarray(first, dtype=int), np.asarray(second, dtype=int), nodes) == components


@pytest.mark.parametrize("edges", [100, 800, 3_000])
def test_components_of_any_graph_are_those_of_a_plain_search(edges: int):
    chance = np.random.default_rng(edges)
    for _ in range(10):
        first, second = chance.integers(0, 1_000, size=(2, edges))
        assert count_components(first, second, 1_000) == union_find(first.tolist(), second.tolist(), 1_000)
