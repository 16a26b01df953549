"""The lit image: from Cycles' linear light to sRGB. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.exr import Image
from cyclorama_blender.passes import Passes


def to_srgb(linear: Image) -> Image:
    """Applies sRGB's transfer function (IEC 61966-2-1) to linear light, both 0 to 1."""
    bent = np.power(np.maximum(linear, np.float32(0.0031308)), np.float32(1 / 2.4))
    return np.where(linear <= 0.0031308, linear * np.float32(12.92), bent * np.float32(1.055) - np.float32(0.055))


def textured(passes: Passes, background: str) -> npt.NDArray[np.uint8]:
    """Makes the image that people see.

    Without a tone curve: light of 1.0 and above is white, and unlit or emissive materials keep their texture's colours.

    Args:
        passes: the view.
        background: TRANSPARENT for (H, W, 4) with straight alpha, WHITE for (H, W, 3), composited in linear light.
    """
    alpha = np.nan_to_num(passes.alpha).clip(0, 1)
    covered = alpha > (0.5 / 255 if background == "TRANSPARENT" else 0)
    share = alpha[covered]
    channels = 4 if background == "TRANSPARENT" else 3
    image = np.full((*alpha.shape, channels), 0 if channels == 4 else 255, np.uint8)
    for at, plane in enumerate(passes.rgb):
        light = np.nan_to_num(plane[covered], posinf=np.float32(np.finfo(np.float32).max))
        light = light / share if channels == 4 else light + (1 - share)
        image[covered, at] = _to_byte(to_srgb(light.clip(0, 1)))
    if channels == 4:
        image[..., 3] = _to_byte(alpha)
    return image


def _to_byte(values: Image) -> npt.NDArray[np.uint8]:
    return (values * np.float32(255) + np.float32(0.5)).astype(np.uint8)
