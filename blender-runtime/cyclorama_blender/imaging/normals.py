"""Makes surface normals from the pass or from depth, turns them into a frame, and draws them as colours.

Along a plane 1/z is linear in the pixel's coordinates, so its gradient gives the plane exactly, also in perspective:
n . P = d with P = z * (x, y, 1) gives 1/z = (n / d) . (x, y, 1).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask
from cyclorama_blender.maths import camera
from cyclorama_blender.maths.camera import Intrinsics

BACKGROUND = 128
"""Grey of each channel in the background; no normal has this colour."""

SHORTEST = 0.2
"""Averaged normals that are shorter come from surfaces that face each other, and are not used."""


def unit_normals(
    normal: tuple[Image, Image, Image], depth: Image, mask: Mask, pose: npt.ArrayLike, lens: Intrinsics
) -> Image:
    """Normalises the averaged world normals of the pass. Where the pass has no usable one, it takes depth's.

    Returns:
        Unit world normals (H, W, 3), zero outside the mask.
    """
    stacked = np.stack(normal, axis=-1)
    length = np.sqrt(np.einsum("hwc,hwc->hw", stacked, stacked))
    with np.errstate(invalid="ignore"):
        usable = length > SHORTEST
    np.divide(stacked, length[..., None], out=stacked, where=usable[..., None])
    stacked[~(usable & mask)] = 0
    rows, columns = np.nonzero(mask & ~usable)
    stacked[rows, columns] = depth_normals(depth, mask, pose, lens, rows, columns)
    return stacked


def depth_normals(
    depth: Image,
    mask: Mask,
    pose: npt.ArrayLike,
    lens: Intrinsics,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
) -> Image:
    """Returns unit world normals (N, 3) of the surface at some pixels, towards the camera, only from depth."""
    focal, (cx, cy) = lens.focal_pixels, lens.center
    middle = 1.0 / depth[rows, columns].astype(np.float64)
    slope_x = focal * _gradient(depth, mask, rows, columns, (0, 1))
    slope_y = focal * _gradient(depth, mask, rows, columns, (1, 0))
    x, y = (columns + 0.5 - cx) / focal, (rows + 0.5 - cy) / focal
    # In OpenCV's axes, in which the view goes along +Z, the visible side has a negative Z or nearly so.
    local = -np.stack((slope_x, slope_y, middle - slope_x * x - slope_y * y), axis=-1)
    local /= np.linalg.norm(local, axis=-1, keepdims=True)
    return (local @ camera.opencv_pose(pose)[:3, :3].T).astype(np.float32)


def _gradient(
    depth: Image,
    mask: Mask,
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    step: tuple[int, int],
) -> npt.NDArray[np.float64]:
    # The smaller of the two one-sided differences stays on the pixel's own surface.
    height, width = depth.shape
    middle = 1.0 / depth[rows, columns].astype(np.float64)
    best = np.full(rows.shape, np.inf)
    for sign in (1, -1):
        there = rows + sign * step[0], columns + sign * step[1]
        inside = (there[0] >= 0) & (there[0] < height) & (there[1] >= 0) & (there[1] < width)
        at = np.where(inside, there[0], 0), np.where(inside, there[1], 0)
        usable = inside & mask[at]
        difference = np.where(usable, sign * (1.0 / np.where(usable, depth[at], 1.0) - middle), np.inf)
        best = np.where(np.abs(difference) < np.abs(best), difference, best)
    return np.where(np.isfinite(best), best, 0.0)


def to_frame(normals: Image, pose: npt.ArrayLike, space: str, convention: str) -> Image:
    """Turns world normals (H, W, 3) into the frame of a spec: WORLD, or CAMERA with the axes of OPENGL or OPENCV."""
    return normals if space == "WORLD" else camera.camera_normals(normals, pose, convention)


def to_colours(normals: Image, mask: Mask) -> npt.NDArray[np.uint8]:
    """Turns unit normals (H, W, 3) into colours: round((0.5 * n + 0.5) * 255), and grey 128 in the background."""
    # Zero becomes 127.5 and rounds up to 128.
    colours = (normals * np.float32(127.5) + np.float32(128.0)).clip(0, 255).astype(np.uint8)
    colours[~mask] = BACKGROUND
    return colours
