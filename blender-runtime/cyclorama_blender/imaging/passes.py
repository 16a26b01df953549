"""Reads the passes of one rendered view, as Cycles wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging import exr
from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.protocol.failure import RuntimeFailure

Mask = npt.NDArray[np.bool_]

NOTHING = 1e9
"""Depth from here on is background: Cycles writes 1e10 if a ray hits nothing."""

_LIGHT = (".Combined.R", ".Combined.G", ".Combined.B", ".Combined.A")
_NORMAL = (".Normal.X", ".Normal.Y", ".Normal.Z")
_DEPTH = (".Depth.Z",)
_INDEX = (".IndexOB.X", ".Object Index.X")  # Blender 4 and 5
_DENOISING = ".Denoising "
"""Marks the names of the denoiser's inputs, if the file has them."""


@dataclass(frozen=True)
class Passes:
    """Holds the passes of one view, each image (H, W) float32.

    Attributes:
        rgb: red, green and blue of the lit object, linear Rec. 709, multiplied by alpha.
        alpha: share of the pixel that the object covers.
        depth: planar depth at the pixel's middle; 1e10 in the background.
        normal: X, Y and Z of world normals, averaged over the pixel's samples, so they may be short.
        index: number of the object at the pixel's middle, 0 in the background; None if the file has no such pass.
    """

    rgb: tuple[Image, Image, Image]
    alpha: Image
    depth: Image
    normal: tuple[Image, Image, Image]
    index: Image | None

    @property
    def mask(self) -> Mask:
        """Returns which pixels (H, W) have their middle on the object."""
        with np.errstate(invalid="ignore"):
            return (self.depth > 0) & (self.depth < NOTHING)


def read_passes(path: Path, width: int, height: int) -> Passes:
    """Reads the passes of a view.

    Raises:
        RuntimeFailure: `invalid_render`, the file is missing, damaged, of another size, or lacks a pass.
    """
    endings = (*_LIGHT, *_NORMAL, *_DEPTH, *_INDEX)
    channels = exr.read_exr(path, lambda name: name.endswith(endings) and _DENOISING not in name)
    for image in channels.values():
        if image.shape != (height, width):
            raise RuntimeFailure(
                "invalid_render",
                f"'{path.name}' is {image.shape[1]} x {image.shape[0]} pixels; expected {width} x {height}",
            )

    def take(*endings: str) -> Iterator[Image]:
        for ending in endings:
            names = [name for name in channels if name.endswith(ending)]
            if not names:
                raise RuntimeFailure(
                    "invalid_render", f"'{path.name}' has no pass '{ending[1:]}', only {sorted(channels)}"
                )
            yield channels[names[0]]

    red, green, blue, alpha = take(*_LIGHT)
    x, y, z = take(*_NORMAL)
    (depth,) = take(*_DEPTH)
    index = next((image for name, image in channels.items() if name.endswith(_INDEX)), None)
    return Passes((red, green, blue), alpha, depth, (x, y, z), index)
