"""Removes the noise from the alpha of half-transparent surfaces, which the denoiser of the light does not.

Light is multiplied by alpha: if light is smooth and alpha is not, light divided by alpha gives noisy colours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask, Passes

REACH = 2
"""Number of pixels on either side of a pixel that are averaged."""
RIM = 1
"""Number of pixels beyond them that must be on the object too: the renderer's filter spreads its outline this far."""
OPAQUE = 1 - 0.5 / 255
UNSEEN = 1 / 255
"""Standard deviation of alpha that averaging may remove; a step of alpha then moves by at most 0.8 times this."""


def smooth_alpha(passes: Passes, mask: Mask, samples: int) -> Image:
    """Averages alpha (H, W) over windows on the object in which both alpha and the denoised light are even.

    The number of a pixel's n samples that pass through a surface is off by about one, since Cycles spreads them evenly:
    alpha has a standard deviation of at most 1/n (measured: 0.3/n for one layer, up to 0.8/n for two). Near 0 and 1 its
    variance is below that of independent samples, a (1 - a) / n. A window that varies more holds an edge.

    With few samples, steps of alpha hide in that noise. Denoised light has no noise and keeps the steps, since it is
    multiplied by alpha: if it varies relative to its mean, alpha may vary as much. Such windows are not changed at all,
    nor are outlines, black surfaces, opaque pixels, and even alpha under a pattern of colours.
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
    """Sums over squares of 2 * reach + 1 pixels a side. Pixels beyond the image count as 0."""
    for axis in (0, 1):
        framed = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)])
        length = values.shape[axis]
        values = framed[:length].copy() if axis == 0 else framed[:, :length].copy()
        for at in range(1, 2 * reach + 1):
            values += framed[at : at + length] if axis == 0 else framed[:, at : at + length]
    return values
