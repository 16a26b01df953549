"""Cameras look from the directions that the spec asks for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cyclorama_blender.maths.views import arrange, radical_inverse
from cyclorama_blender.protocol.render_spec import FrontView, HammersleyViews, LookAt, PosedViews, RingViews


def positions(views: object) -> np.ndarray:
    return np.array([view.pose[:3, 3] for view in arrange(views)])


def test_the_front_view_has_the_direction_of_the_exercise() -> None:
    (view,) = arrange(FrontView())
    np.testing.assert_allclose(view.pose[:3, 3], np.array([0, -5, 2]) / math.sqrt(29))
    assert (view.name, view.framed) == ("view_000", True)


def test_a_ring_begins_in_front_and_turns_counter_clockwise_seen_from_above() -> None:
    found = positions(RingViews(4, 0.0))
    np.testing.assert_allclose(found, [(0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0)], atol=1e-12)


def test_a_ring_stands_at_its_elevation() -> None:
    found = positions(RingViews(7, 35.0))
    np.testing.assert_allclose(np.degrees(np.arcsin(found[:, 2])), 35.0)


@pytest.mark.parametrize("count", [1, 2, 12, 64])
def test_hammersley_views_are_spread_evenly_over_the_sphere(count: int) -> None:
    found = positions(HammersleyViews(count))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    np.testing.assert_allclose(np.sort(found[:, 2]), np.sort(1 - (2 * np.arange(count) + 1) / count), atol=1e-12)
    if count > 8:
        assert np.linalg.norm(found.mean(axis=0)) < 0.15
        apart = np.linalg.norm(found[:, None] - found[None], axis=2) + 9 * np.eye(count)
        assert apart.min() > 0.9 / math.sqrt(count)


def test_radical_inverse_mirrors_the_digits() -> None:
    assert [radical_inverse(index) for index in range(5)] == [0, 0.5, 0.25, 0.75, 0.125]


def test_poses_stand_as_given_and_are_not_framed() -> None:
    (view,) = arrange(PosedViews((LookAt((1.0, 2.0, 3.0), (1.0, 0.0, 0.0)),)))
    np.testing.assert_allclose(view.pose[:3, 3], (1, 2, 3))
    np.testing.assert_allclose(view.target, (1, 0, 0))
    assert not view.framed


def test_views_are_named_in_order() -> None:
    assert [view.name for view in arrange(RingViews(11))][-1] == "view_010"
