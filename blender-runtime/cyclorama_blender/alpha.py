"""Takes the noise out of the alpha of half-transparent surfaces, which the denoiser of the light leaves as it is. Pure.

Light is multiplied by alpha: where it is smooth and alpha is not, dividing one by the other makes colours noisy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.exr import Image
from cyclorama_blender.passes import Mask

REACH = 2
"""Pixels on either side that are averaged."""
RIM = 1
"""Pixels beyond them that must be on the object too, for the renderer's filter spreads its outline so far."""
OPAQUE = 1 - 0.5 / 255


def steady_alpha(alpha: Image, mask: Mask, samples: int) -> Image:
    """Averages alpha (H, W) over windows on the object where it varies no more than sampling makes it vary.

    How many of a pixel's n samples pass through a surface is off by about one, since Cycles spreads them evenly: alpha
    has a standard deviation of at most 1/n (measured: 0.3/n for one layer, up to 0.8/n for two). Near 0 and 1 it is
    less than that of independent samples, a (1 - a) / n. What varies more is an edge, and stays to the bit, as do
    outlines and all that is opaque.
    """
    soft = _sums(mask.astype(np.uint8), REACH + RIM) == (2 * (REACH + RIM) + 1) ** 2
    soft &= alpha < OPAQUE
    if not soft.any():
        return alpha
    count = np.float32((2 * REACH + 1) ** 2)
    mean = _sums(alpha, REACH) / count
    variance = _sums(alpha * alpha, REACH) / count - mean * mean
    noise = np.minimum(mean * (1 - mean) / np.float32(2 * samples), np.float32(1 / samples**2))
    return np.where(soft & (variance <= noise), mean, alpha)


def _sums(values: npt.NDArray[np.generic], reach: int) -> npt.NDArray[np.generic]:
    """Sums over squares of 2 * reach + 1 pixels a side; beyond the image there is nothing."""
    for axis in (0, 1):
        framed = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)])
        length = values.shape[axis]
        values = framed[:length].copy() if axis == 0 else framed[:, :length].copy()
        for at in range(1, 2 * reach + 1):
            values += framed[at : at + length] if axis == 0 else framed[:, at : at + length]
    return values
