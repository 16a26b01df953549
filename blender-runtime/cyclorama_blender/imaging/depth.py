"""Turns planar depth into grey: black is nearest, nearly white is farthest, white is background.

Planar depth is Cycles' Z pass: scene/render/cycles_setup.py switches it on, and imaging/passes.py reads it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask

LEVELS = {8: 254, 16: 65534}
"""Maps the bits of the image to the grey of the farthest pixel; the next grey is the background."""
NO_RANGE = 2e-6
"""A range of at most this share of the farthest depth counts as no range, as of a wall seen square-on.

The wall's depths differ by a few steps of float32, each 1.2e-7 at most; stretched over all grey they would be noise.
"""


def visible_range(depth: Image, mask: Mask) -> tuple[float, float]:
    """Returns the least and the greatest planar depth inside the mask, or twice the least if they hardly differ.

    An empty mask gives (0, 0).
    """
    if not mask.any():
        return 0.0, 0.0
    near, far = (
        float(np.min(depth, where=mask, initial=np.inf)),
        float(np.max(depth, where=mask, initial=-np.inf)),
    )
    return near, near if far - near <= NO_RANGE * far else far


def to_grey(depth: Image, mask: Mask, near: float, far: float, bits: int) -> npt.NDArray[np.uint8 | np.uint16]:
    """Turns planar depth (H, W) into grey of 8 or 16 bits: round((z - near) / (far - near) * levels), or background.

    If near equals far, the whole object is 0.
    """
    levels = LEVELS[bits]
    kind = np.uint8 if bits == 8 else np.uint16
    span = far - near
    # Float32 is exact for differences of close depths, and its 24 bits are enough for 16 bits of grey.
    grey = (np.where(mask, depth, np.float32(near)) - np.float32(near)) * np.float32(levels / span if span > 0 else 0.0)
    np.clip(grey + np.float32(0.5), 0, levels, out=grey)
    grey[~mask] = levels + 1
    return grey.astype(kind)


def from_grey(grey: npt.NDArray[np.integer], near: float, far: float, bits: int) -> Image:
    """Turns grey back into planar depth by the formula in metadata.json. The background becomes infinite."""
    levels = LEVELS[bits]
    depth = near + grey.astype(np.float64) / levels * (far - near)
    return np.where(grey > levels, np.inf, depth).astype(np.float32)
