"""Takes the noise out of the alpha of half-transparent surfaces, which the denoiser of the light leaves as it is. Pure.

Light is multiplied by alpha: where it is smooth and alpha is not, dividing one by the other makes colours noisy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask, Passes

REACH = 2
"""Pixels on either side that are averaged."""
RIM = 1
"""Pixels beyond them that must be on the object too, for the renderer's filter spreads its outline so far."""
OPAQUE = 1 - 0.5 / 255
UNSEEN = 1 / 255
"""Standard deviation of alpha that averaging may take away; a step of alpha then moves by 0.8 times that at most."""


def smooth_alpha(passes: Passes, mask: Mask, samples: int) -> Image:
    """Averages alpha (H, W) over windows on the object where both alpha and the denoised light say that it is even.

    How many of a pixel's n samples pass through a surface is off by about one, since Cycles spreads them evenly: alpha
    has a standard deviation of at most 1/n (measured: 0.3/n for one layer, up to 0.8/n for two). Near 0 and 1 it is
    less than that of independent samples, a (1 - a) / n. What varies more is an edge.

    At few samples steps of alpha hide in that noise. Light that is denoised has none and keeps them, since it is
    multiplied by alpha: where it varies, relative to its mean, alpha might vary as much. Such windows stay to the bit,
    as do outlines, black surfaces, and all that is opaque; so does even alpha under a pattern of colours.
    """
    alpha = passes.alpha
    soft = _sums(mask.astype(np.uint8), REACH + RIM) == (2 * (REACH + RIM) + 1) ** 2
    soft &= alpha < OPAQUE
    if not soft.any():
        return alpha
    mean, variance = _mean(alpha), _mean(alpha * alpha)
    variance -= mean * mean
    noise = np.minimum(mean * (1 - mean) / np.float32(2 * samples), np.float32(1 / samples**2))
    with np.errstate(invalid="ignore", over="ignore"):
        light = sum(_mean(plane) ** 2 for plane in passes.rgb)
        unevenness = _mean(sum(plane * plane for plane in passes.rgb)) - light
        even = mean * mean * unevenness < np.float32(UNSEEN**2) * light
    return np.where(soft & even & (variance <= noise), mean, alpha)


def _mean(values: Image) -> Image:
    return _sums(values, REACH) / np.float32((2 * REACH + 1) ** 2)


def _sums(values: npt.NDArray[np.generic], reach: int) -> npt.NDArray[np.generic]:
    """Sums over squares of 2 * reach + 1 pixels a side; beyond the image there is nothing."""
    for axis in (0, 1):
        framed = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)])
        length = values.shape[axis]
        values = framed[:length].copy() if axis == 0 else framed[:, :length].copy()
        for at in range(1, 2 * reach + 1):
            values += framed[at : at + length] if axis == 0 else framed[:, at : at + length]
    return values
