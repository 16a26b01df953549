"""Depth survives the way to grey and back, and flat objects break nothing."""

from __future__ import annotations

import numpy as np
import pytest
from analytic import ball, front_eye

from cyclorama_blender.imaging import depth

SCALES = [1e-4, 1.0, 1e5]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.5 / 254), (16, 0.5 / 65534)])
def test_depth_comes_back_within_half_a_grey_step(scale: float, bits: int, tolerance: float) -> None:
    seen = ball(front_eye(3.5))
    z = (seen.depth * scale).astype(np.float32)
    z[~seen.mask] = 1e10
    near, far = depth.visible_range(z, seen.mask)
    back = depth.from_grey(depth.to_grey(z, seen.mask, near, far, bits), near, far, bits)
    # Float32's own rounding adds to it.
    limit = (tolerance + 1e-6) * (far - near) + 2e-7 * far
    assert np.abs(back - z)[seen.mask].max() <= limit
    assert np.isinf(back[~seen.mask]).all()


def test_16_bits_are_right_within_a_ten_thousandth() -> None:
    seen = ball(front_eye(3.5))
    near, far = depth.visible_range(seen.depth, seen.mask)
    back = depth.from_grey(depth.to_grey(seen.depth, seen.mask, near, far, 16), near, far, 16)
    assert np.abs(back / seen.depth - 1)[seen.mask].max() < 1e-4


@pytest.mark.parametrize(("bits", "darkest", "brightest", "background"), [(8, 0, 254, 255), (16, 0, 65534, 65535)])
def test_the_object_uses_the_whole_range_below_the_background(
    bits: int, darkest: int, brightest: int, background: int
) -> None:
    seen = ball(front_eye(3.5))
    grey = depth.to_grey(seen.depth, seen.mask, *depth.visible_range(seen.depth, seen.mask), bits)
    assert grey.dtype.itemsize * 8 == bits
    assert (grey[seen.mask].min(), grey[seen.mask].max()) == (darkest, brightest)
    assert (grey[~seen.mask] == background).all()


def test_nearer_is_darker() -> None:
    z = np.array([[2.0, 3.0, 4.0, 1e10]], np.float32)
    grey = depth.to_grey(z, z < 1e9, 2.0, 4.0, 8)
    assert grey.tolist() == [[0, 127, 254, 255]]


@pytest.mark.parametrize("bits", [8, 16])
def test_an_object_without_depth_is_black(bits: int) -> None:
    z = np.array([[5.0, 5.0, 1e10]], np.float32)
    grey = depth.to_grey(z, z < 1e9, 5.0, 5.0, bits)
    assert grey.tolist() == [[0, 0, depth.LEVELS[bits] + 1]]
    assert depth.from_grey(grey, 5.0, 5.0, bits)[0, 0] == 5.0


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("scale", SCALES)
def test_a_wall_seen_square_on_has_no_range_whatever_float32_rounds(scale: float, bits: int) -> None:
    steps = np.random.default_rng(1).integers(-4, 5, (32, 32))
    z = np.float32(2.00966167 * scale) * (1 + steps * np.float32(2**-23))
    mask = np.ones(z.shape, np.bool_)
    near, far = depth.visible_range(z, mask)
    assert near == far == z.min()
    grey = depth.to_grey(z, mask, near, far, bits)
    assert not grey.any()
    assert np.abs(depth.from_grey(grey, near, far, bits) / z - 1).max() <= depth.NO_RANGE


def test_a_shallow_relief_keeps_its_range() -> None:
    z = np.linspace(2, 2.00001, 64, dtype=np.float32)[None]
    near, far = depth.visible_range(z, z > 0)
    assert depth.to_grey(z, z > 0, near, far, 8).max() == depth.LEVELS[8]


def test_a_view_of_nothing_has_no_range_and_is_all_background() -> None:
    z = np.full((2, 2), 1e10, np.float32)
    assert depth.visible_range(z, z < 1e9) == (0.0, 0.0)
    assert (depth.to_grey(z, z < 1e9, 0.0, 0.0, 8) == 255).all()


def test_background_that_is_not_finite_makes_no_noise() -> None:
    z = np.array([[1.0, 2.0, np.inf, np.nan]], np.float32)
    with np.errstate(all="raise"):
        assert depth.to_grey(z, np.array([[True, True, False, False]]), 1.0, 2.0, 8).tolist() == [[0, 254, 255, 255]]
