"""Alpha of half-transparent surfaces loses its noise, and edges stay to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cyclorama_blender.alpha import steady_alpha

SAMPLES = 16
SIDE = 96
EVERYWHERE = np.ones((SIDE, SIDE), np.bool_)


def sampled(truth: Any) -> np.ndarray:
    """Counts as Cycles does, with samples that are spread evenly: the count is off by less than one."""
    truth = np.broadcast_to(np.asarray(truth, np.float64), (SIDE, SIDE))
    shift = np.random.default_rng(1).uniform(0, 1, (SIDE, SIDE))
    return (np.floor(truth * SAMPLES + shift) / SAMPLES).clip(0, 1).astype(np.float32)


def inner(image: np.ndarray) -> np.ndarray:
    return image[4:-4, 4:-4]


@pytest.mark.parametrize("truth", [0.1, 0.28, 0.53, 0.72, 0.91])
def test_an_even_surface_becomes_even(truth: float) -> None:
    noisy = sampled(truth)
    steady = inner(steady_alpha(noisy, EVERYWHERE, SAMPLES))
    assert steady.std() < inner(noisy).std() / 3
    assert steady.mean() == pytest.approx(truth, abs=0.003)


def test_a_gradient_stays_a_gradient() -> None:
    truth = np.linspace(0.05, 0.95, SIDE)[None, :]
    noisy = sampled(truth)
    before, after = (np.abs(inner(image - truth)).mean() for image in (noisy, steady_alpha(noisy, EVERYWHERE, SAMPLES)))
    assert after < before / 3


def test_steps_of_alpha_stay_to_the_bit() -> None:
    truth = np.where(np.arange(SIDE) < SIDE // 2, 0.3, 0.8)[None, :]
    noisy = sampled(truth)
    steady = steady_alpha(noisy, EVERYWHERE, SAMPLES)
    beside = slice(SIDE // 2 - 2, SIDE // 2 + 2)
    np.testing.assert_array_equal(steady[:, beside], noisy[:, beside])
    assert steady[8:-8, 8:32].std() < noisy[8:-8, 8:32].std() / 3


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_outlines_stay_to_the_bit(share: float) -> None:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    beyond = np.hypot(x, y) - SIDE / 3
    # The filter of the renderer spreads an outline over about two pixels.
    noisy = sampled(share * np.clip(0.5 - beyond / 2, 0, 1))
    steady = steady_alpha(noisy, beyond < 0, SAMPLES)
    near = beyond > -3
    np.testing.assert_array_equal(steady[near], noisy[near])


def test_what_is_opaque_is_not_touched() -> None:
    alpha = np.ones((SIDE, SIDE), np.float32)
    alpha[:, :3] = 0.5
    mask = EVERYWHERE.copy()
    mask[:, :3] = False
    assert steady_alpha(alpha, mask, SAMPLES) is alpha


def test_a_thin_opaque_line_in_a_pane_stays() -> None:
    noisy = sampled(0.5)
    noisy[:, 50] = 1.0
    steady = steady_alpha(noisy, EVERYWHERE, SAMPLES)
    np.testing.assert_array_equal(steady[:, 49:52], noisy[:, 49:52])
