"""Makes the strip of small images that a contact sheet shows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIDE = 128

Bytes = npt.NDArray[np.uint8]


def strip(images: dict[str, Bytes]) -> Bytes:
    """Puts images side by side, RGB (SIDE, SIDE * count, 3), each shrunk by area and padded with white to a square.

    Args:
        images: one image for each modality: grey (H, W), RGB, or RGBA, which is laid over white.
    """
    return np.concatenate([_tile(image, modality == "EDGE") for modality, image in images.items()], axis=1)


def _tile(image: Bytes, thin_lines: bool) -> Bytes:
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    small_height, small_width = (max(1, round(side * scale)) for side in (height, width))
    small = _shrink(_shrink(_on_white(image), small_height, axis=0), small_width, axis=1)
    if thin_lines:
        # A line of one pixel would fade with the scale, so it is made darker by the inverse, at most 4 times.
        small = 255 - (255 - small) * max(1.0, min(4.0, 1 / scale))
    tile = np.full((SIDE, SIDE, 3), 255, np.uint8)
    top, left = (SIDE - small_height) // 2, (SIDE - small_width) // 2
    tile[top : top + small_height, left : left + small_width] = (small.clip(0, 255) + 0.5).astype(np.uint8)
    return tile


def _on_white(image: Bytes) -> npt.NDArray[np.float32]:
    """Returns grey (H, W, 1) or RGB (H, W, 3)."""
    if image.ndim == 2:
        return image[..., None].astype(np.float32)
    colours = image[..., :3].astype(np.float32)
    if image.shape[2] == 3:
        return colours
    alpha = image[..., 3:].astype(np.float32) / 255
    return colours * alpha + 255 * (1 - alpha)


def _shrink(image: npt.NDArray[np.float32], small: int, axis: int) -> npt.NDArray[np.float32]:
    """Averages the lines that fall into each of the `small` lines. The lines of a smaller image are repeated."""
    size = image.shape[axis]
    first = np.arange(small) * size // small
    counts = np.maximum(np.diff(np.append(first, size)), 1).astype(np.float32)
    sums = np.add.reduceat(image, first, axis=axis)
    return sums / (counts[:, None, None] if axis == 0 else counts[None, :, None])
