"""Makes the lit image: it turns Cycles' linear light into sRGB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Passes

LARGEST = np.float32(1e6)
"""Infinite or larger light is replaced by this, so that no sum or ratio of light overflows."""


def to_srgb(linear: Image) -> Image:
    """Applies sRGB's transfer function (IEC 61966-2-1) to linear light, both 0 to 1."""
    bent = np.power(np.maximum(linear, np.float32(0.0031308)), np.float32(1 / 2.4))
    return np.where(linear <= 0.0031308, linear * np.float32(12.92), bent * np.float32(1.055) - np.float32(0.055))


def textured(passes: Passes, background: str) -> npt.NDArray[np.uint8]:
    """Makes the lit image.

    There is no tone curve: light up to 1.0 is not changed, so unlit materials keep the colours of their textures.
    Brighter light is dimmed until its strongest channel is 1.0, which keeps its hue; clipping would turn red yellow.

    Args:
        passes: the view.
        background: TRANSPARENT for (H, W, 4) with straight alpha, WHITE for (H, W, 3), composited in linear light.
    """
    alpha = np.nan_to_num(passes.alpha).clip(0, 1)
    covered = alpha > (0.5 / 255 if background == "TRANSPARENT" else 0)
    share = alpha[covered]
    channels = 4 if background == "TRANSPARENT" else 3
    image = np.full((*alpha.shape, channels), 0 if channels == 4 else 255, np.uint8)
    light = [np.nan_to_num(plane[covered], posinf=LARGEST).clip(0, LARGEST) for plane in passes.rgb]
    # For light up to alpha, share divided by the maximum is exactly 1.
    dimmed = share / np.maximum(share, np.maximum.reduce(light))
    for at, channel in enumerate(light):
        fitting = channel * dimmed
        fitting = fitting / share if channels == 4 else fitting + (1 - share)
        image[covered, at] = _to_byte(to_srgb(fitting.clip(0, 1)))
    if channels == 4:
        image[..., 3] = _to_byte(alpha)
    return image


def _to_byte(values: Image) -> npt.NDArray[np.uint8]:
    return (values * np.float32(255) + np.float32(0.5)).astype(np.uint8)
