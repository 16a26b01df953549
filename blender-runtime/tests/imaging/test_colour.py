"""The lit image has sRGB's exact curve and straight alpha, and is composited in linear light."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.imaging import colour
from cyclorama_blender.imaging.passes import Passes


def passes(light, alpha) -> Passes:
    planes = tuple(np.float32([[value]]) for value in light)
    one = np.float32([[1]])
    return Passes(planes, np.float32([[alpha]]), one, (one, one, one), None)


def srgb(linear: float) -> float:
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def test_the_curve_is_srgbs() -> None:
    linear = np.concatenate((np.linspace(0, 0.01, 100), np.linspace(0, 1, 100))).astype(np.float32)
    np.testing.assert_allclose(colour.to_srgb(linear), [srgb(float(value)) for value in linear], atol=1e-6)


def test_every_byte_of_an_unlit_texture_comes_out_as_it_went_in() -> None:
    byte = np.arange(256)
    encoded = byte / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)[None]
    one = np.ones_like(linear)
    image = colour.textured(Passes((linear, linear, linear), one, one, (one, one, one), None), "TRANSPARENT")
    assert image[0, :, 0].tolist() == byte.tolist()


def test_alpha_is_straight_and_colours_are_not_multiplied_by_it() -> None:
    image = colour.textured(passes([0.5 * 0.25] * 3, 0.25), "TRANSPARENT")
    assert image.tolist() == [[[188, 188, 188, 64]]]


def test_white_is_composited_in_linear_light() -> None:
    image = colour.textured(passes([0, 0, 0], 0.5), "WHITE")
    assert image.tolist() == [[[188, 188, 188]]]


@pytest.mark.parametrize("background", ["TRANSPARENT", "WHITE"])
def test_nothing_is_the_background_alone(background: str) -> None:
    image = colour.textured(passes([0, 0, 0], 0), background)
    assert image.tolist() == [[[0, 0, 0, 0]] if background == "TRANSPARENT" else [[255, 255, 255]]]


@pytest.mark.parametrize("background", ["TRANSPARENT", "WHITE"])
@pytest.mark.parametrize("strength", [2, 50, 1e5])
def test_a_lamp_keeps_its_hue_however_bright(background: str, strength: float) -> None:
    image = colour.textured(passes([strength, 0.1 * strength, 0], 1), background)
    assert image[0, 0, :3].tolist() == [255, round(srgb(0.1) * 255), 0]


def test_a_bright_pixel_that_is_half_there_keeps_its_alpha_and_its_hue() -> None:
    image = colour.textured(passes([5, 1, 0], 0.5), "TRANSPARENT")
    assert image.tolist() == [[[255, round(srgb(0.2) * 255), 0, 128]]]


@pytest.mark.parametrize("background", ["TRANSPARENT", "WHITE"])
@pytest.mark.parametrize(("light", "byte"), [(7.0, 255), (np.inf, 255), (-1.0, 0), (np.nan, 0), (-np.inf, 0)])
def test_light_beyond_the_range_is_clipped(background: str, light: float, byte: int) -> None:
    with np.errstate(all="raise"):
        image = colour.textured(passes([light] * 3, 1), background)
    assert image[0, 0, :3].tolist() == [byte] * 3
