"""The strip of small images that a contact sheet shows. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SIDE = 128

Bytes = npt.NDArray[np.uint8]


def strip(images: dict[str, Bytes]) -> Bytes:
    """Puts images side by side, RGB (SIDE, SIDE * count, 3), each shrunk by area and padded with white to a square.

    Args:
        images: by modality, grey (H, W), RGB, or RGBA, which is laid over white.
    """
    return np.concatenate([_tile(image, modality == "EDGE") for modality, image in images.items()], axis=1)


def _tile(image: Bytes, thin_lines: bool) -> Bytes:
    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    small_height, small_width = (max(1, round(side * scale)) for side in (height, width))
    down, across = _area_weights(height, small_height), _area_weights(width, small_width)
    samples = _on_white(image)
    small = np.stack([down @ (plane @ across.T) for plane in samples], axis=-1)
    if thin_lines:
        # A line of one pixel would fade with the scale; as many times darker it stays a line.
        small = 255 - (255 - small) * max(1.0, min(4.0, 1 / scale))
    tile = np.full((SIDE, SIDE, 3), 255, np.uint8)
    top, left = (SIDE - small_height) // 2, (SIDE - small_width) // 2
    tile[top : top + small_height, left : left + small_width] = (small.clip(0, 255) + 0.5).astype(np.uint8)
    return tile


def _on_white(image: Bytes) -> list[npt.NDArray[np.float32]]:
    if image.ndim == 2:
        return [image.astype(np.float32)] * 3
    planes = [image[..., at].astype(np.float32) for at in range(3)]
    if image.shape[2] == 3:
        return planes
    alpha = image[..., 3].astype(np.float32) / 255
    return [plane * alpha + 255 * (1 - alpha) for plane in planes]


def _area_weights(size: int, small: int) -> npt.NDArray[np.float32]:
    """Returns weights (small, size) by which each small pixel averages what lies under it."""
    edges = np.arange(small + 1) * (size / small)
    low, high = edges[:-1, None], edges[1:, None]
    at = np.arange(size)[None, :]
    overlap = np.minimum(high, at + 1) - np.maximum(low, at)
    return (overlap.clip(0) / (size / small)).astype(np.float32)
