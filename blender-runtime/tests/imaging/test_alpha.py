"""Alpha of half-transparent surfaces loses its noise, and edges do not change at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from props import add_material, add_mesh

from cyclorama_blender.imaging.alpha import smooth_alpha
from cyclorama_blender.imaging.passes import Passes, read_passes
from cyclorama_blender.scene.render import modalities

SAMPLES = 16
SIDE = 96
EVERYWHERE = np.ones((SIDE, SIDE), np.bool_)


def sampled(truth: Any, samples: int = SAMPLES) -> np.ndarray:
    """Counts samples as Cycles does: they are spread evenly, so the count is off by less than one."""
    truth = np.broadcast_to(np.asarray(truth, np.float64), (SIDE, SIDE))
    shift = np.random.default_rng(1).uniform(0, 1, (SIDE, SIDE))
    return (np.floor(truth * samples + shift) / samples).clip(0, 1).astype(np.float32)


def steady(alpha: Any, truth: Any, mask: Any = EVERYWHERE, samples: int = SAMPLES, colour: Any = 1.0) -> np.ndarray:
    """Smooths alpha beside light without noise, of a surface that is red, or bluish where `colour` is small."""
    light = np.broadcast_to(np.asarray(truth, np.float32), alpha.shape)
    rgb = tuple(light * np.asarray(share, np.float32) for share in (0.8 * colour, 0.3 * colour, 0.2))
    nothing = np.zeros_like(alpha)
    return smooth_alpha(Passes(rgb, alpha, nothing, (nothing,) * 3, None), mask, samples)


def inner(image: np.ndarray) -> np.ndarray:
    return image[4:-4, 4:-4]


@pytest.mark.parametrize("truth", [0.1, 0.28, 0.53, 0.72, 0.91])
def test_an_even_surface_becomes_even(truth: float) -> None:
    noisy = sampled(truth)
    out = inner(steady(noisy, truth))
    assert out.std() < inner(noisy).std() / 3
    assert out.mean() == pytest.approx(truth, abs=0.003)


def test_a_gradient_stays_a_gradient() -> None:
    truth = np.linspace(0.4, 0.6, SIDE)[None, :]
    noisy = sampled(truth)
    before, after = (np.abs(inner(image - truth)).mean() for image in (noisy, steady(noisy, truth)))
    assert after < before / 3


@pytest.mark.parametrize("samples", [8, 16, 128])
@pytest.mark.parametrize("step", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("level", [0.16, 0.27, 0.47, 0.72])
def test_steps_of_alpha_stay_to_the_bit(level: float, step: float, samples: int) -> None:
    truth = np.where(np.arange(SIDE) < SIDE // 2, level, min(level + step, 0.95))[None, :]
    noisy = sampled(truth, samples)
    out = steady(noisy, truth, samples=samples)
    beside = slice(SIDE // 2 - 2, SIDE // 2 + 2)
    np.testing.assert_array_equal(out[:, beside], noisy[:, beside])
    assert out[8:-8, 8:32].std() < noisy[8:-8, 8:32].std() / 3


def test_steps_of_alpha_stay_where_only_one_colour_shows_them() -> None:
    right = np.arange(SIDE)[None, :] >= SIDE // 2
    truth = np.where(right, 0.5, 0.4)
    noisy = sampled(truth, 8)
    out = steady(noisy, truth, samples=8, colour=np.where(right, 0.8, 1.0))
    beside = slice(SIDE // 2 - 2, SIDE // 2 + 2)
    np.testing.assert_array_equal(out[:, beside], noisy[:, beside])


def test_black_surfaces_whose_light_tells_nothing_stay_to_the_bit() -> None:
    noisy = sampled(0.5)
    np.testing.assert_array_equal(steady(noisy, 0.0), noisy)


@pytest.mark.usefixtures("empty_scene")
def test_a_rendered_step_of_alpha_is_not_smeared(tmp_path: Path) -> None:
    for left, alpha in ((-1, 0.4), (0, 0.5)):
        corners = [(left, 0, -1), (left + 1, 0, -1), (left + 1, 0, 1), (left, 0, 1)]
        add_material(add_mesh(corners, [(0, 1, 2, 3)]), Base_Color=(0.8, 0.2, 0.2, 1), Alpha=alpha)
    spec = {"width": 256, "height": 256, "samples": 8, "denoising": "DENOISING_FAST"}
    modalities.render({"spec": spec}, Path("asset.glb"), tmp_path, [])
    passes = read_passes(tmp_path / "view_000.exr", 256, 256)
    change = (smooth_alpha(passes, passes.mask, 8) - passes.alpha)[40:-40]
    # Means over columns are nearly free of noise. Without the test of the light, one would move by 9/255.
    assert np.abs(change.mean(axis=0)[118:138]).max() < 2 / 255
    assert (change != 0)[:, 60:110].mean() > 0.7


@pytest.mark.parametrize("share", [1.0, 0.1])
def test_outlines_stay_to_the_bit(share: float) -> None:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    beyond = np.hypot(x, y) - SIDE / 3
    # The renderer's filter spreads an outline over about two pixels.
    truth = share * np.clip(0.5 - beyond / 2, 0, 1)
    noisy = sampled(truth)
    near = beyond > -3
    np.testing.assert_array_equal(steady(noisy, truth, beyond < 0)[near], noisy[near])


def test_what_is_opaque_is_not_touched() -> None:
    alpha = np.ones((SIDE, SIDE), np.float32)
    alpha[:, :3] = 0.5
    mask = EVERYWHERE.copy()
    mask[:, :3] = False
    assert steady(alpha, alpha, mask) is alpha


def test_a_thin_opaque_line_in_a_pane_stays() -> None:
    noisy = sampled(0.5)
    noisy[:, 50] = 1.0
    np.testing.assert_array_equal(steady(noisy, 0.5)[:, 49:52], noisy[:, 49:52])
