"""Lines where an artist would draw them: outlines, steps of depth and creases. Pure.

Everything is judged between two neighbouring pixels b and c in a row or column a b c d, on w = 1/z: along a plane w is
linear in the pixel's coordinates, however tilted, so that its second differences are zero but for a step or a bend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cyclorama_blender.camera import Intrinsics
from cyclorama_blender.exr import Image
from cyclorama_blender.passes import Mask

LINE, PAPER = 0, 255

_BAND = 64
"""Rows that are worked on at a time, so that they stay in the processor's cache and memory stays small."""
_REACH = 6
"""Rows beyond a band that decide about rows in it."""
_BEND = 0.5
"""A bend between b and c explains at most so much of the slopes' difference as a step."""
_STEEP = 1.5
"""Where one slope alone is known: towards a ball's outline the last slope is up to 2.4 times the one before."""
_INDEX_FACTOR = 0.5
"""Of both thresholds, where two objects meet."""
_SPECK_REACH, _SPECK_PIXELS = 3, 5
"""Of the 7 x 7 pixels around a pixel of an inner line so many must be line."""


@dataclass(frozen=True)
class Surface:
    """What edges are found in.

    Attributes:
        depth: planar depth (H, W).
        mask: where the object is.
        normals: unit normals (H, W, 3) as shaded, in any frame.
        index: number of the object (H, W), or None.
    """

    depth: Image
    mask: Mask
    normals: Image
    index: Image | None


def line_width(width: int, height: int) -> int:
    """Returns how wide lines are, pixels: 1 up to 1024 pixels a side, and in proportion above."""
    return max(1, round(max(width, height) / 1024))


def draw_edges(surface: Surface, lens: Intrinsics, crease_degrees: float, depth_step: float) -> npt.NDArray[np.uint8]:
    """Draws black lines on white (H, W).

    Args:
        surface: one view.
        lens: the camera's.
        crease_degrees: angle between surfaces from which their border is a line.
        depth_step: step of depth from which it is a line, as a share of the nearer depth.
    """
    height, width = surface.depth.shape
    lines = np.empty((height, width), np.bool_)
    for first in range(0, height, _BAND):
        last = min(first + _BAND, height)
        low, high = max(0, first - _REACH), min(height, last + _REACH)
        found = _lines(surface, lens, slice(low, high), crease_degrees, depth_step)
        lines[first:last] = found[first - low : last - low]
    lines = _widen(lines, line_width(width, height), surface.mask)
    return np.where(lines, np.uint8(LINE), np.uint8(PAPER))


def _lines(surface: Surface, lens: Intrinsics, rows: slice, crease_degrees: float, depth_step: float) -> Mask:
    mask = surface.mask[rows]
    if not mask.any():
        return np.zeros(mask.shape, np.bool_)
    index = None if surface.index is None else surface.index[rows]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        inverse = np.where(mask, 1 / surface.depth[rows], np.float32(np.nan))
    outline = mask & ~_inner(surface.mask, rows)
    (cx, cy), focal = lens.center, np.float32(lens.focal_pixels)
    x = ((np.arange(mask.shape[1]) + 0.5 - cx) / focal).astype(np.float32)[None, :]
    y = ((np.arange(rows.start, rows.stop) + 0.5 - cy) / focal).astype(np.float32)[:, None]
    view = _View(inverse * 1, surface.normals[rows], index, outline, focal, x, y)
    inner = np.zeros(mask.shape, np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        _mark(view, inner, crease_degrees, depth_step)
        _mark(view.transposed(), inner.T, crease_degrees, depth_step)
    lines = outline | inner
    return outline | (inner & _in_company(lines))


def _inner(mask: Mask, rows: slice) -> Mask:
    """Says for some rows which pixels have no background beside them; beyond the image lies none."""
    height = mask.shape[0]
    inner = mask[rows].copy()
    inner[:, 1:] &= mask[rows, :-1]
    inner[:, :-1] &= mask[rows, 1:]
    above, below = max(0, 1 - rows.start), min(0, height - rows.stop - 1)
    inner[above:] &= mask[rows.start - 1 + above : rows.stop - 1]
    inner[: len(inner) + below] &= mask[rows.start + 1 : rows.stop + 1 + below]
    return inner


@dataclass(frozen=True)
class _View:
    """A band of rows, or its transpose.

    Attributes:
        w: 1 / depth, NaN outside the mask.
        normals: as shaded.
        index: of objects.
        outline: pixels of the object beside the background.
        focal: pixels.
        x: coordinate along the axis that is judged, of rays with Z = 1.
        y: along the other axis.
    """

    w: Image
    normals: Image
    index: Image | None
    outline: Mask
    focal: np.float32
    x: Image
    y: Image

    def transposed(self) -> _View:
        index = None if self.index is None else self.index.T
        normals = self.normals.transpose(1, 0, 2)
        return _View(self.w.T, normals, index, self.outline.T, self.focal, self.y.T, self.x.T)


def _mark(view: _View, inner: Mask, crease_degrees: float, depth_step: float) -> None:
    """Marks the nearer pixel of each pair with an edge between them, along the second axis."""
    w = view.w
    rise = np.diff(w, axis=1)
    # How much each pixel bends away from the line through its neighbours; NaN where one of the three is missing.
    bend = np.full(w.shape, np.nan, np.float32)
    np.abs(rise[:, 1:] - rise[:, :-1], out=bend[:, 1:-1])
    before, after = bend[:, :-1], bend[:, 1:]
    factor = _factor(view.index)

    near_left = w[:, :-1] >= w[:, 1:]
    lower = np.where(near_left, w[:, 1:], w[:, :-1])
    slope, other = np.full(rise.shape, np.nan, np.float32), np.full(rise.shape, np.nan, np.float32)
    slope[:, 1:], other[:, :-1] = rise[:, :-1], rise[:, 1:]
    explained = _BEND * np.abs(slope - other)
    explained = np.where(np.isnan(explained), _STEEP * np.fmax(np.abs(slope), np.abs(other)), explained)
    steps = np.fmin(before, after) > depth_step * factor * lower + explained

    creases = _creases(view, rise, crease_degrees, factor)
    creases &= _sharpest(np.nan_to_num(before) + np.nan_to_num(after))
    # A step's neighbours have it in their slopes, and are no creases.
    creases[:, 1:] &= ~steps[:, :-1]
    creases[:, :-1] &= ~steps[:, 1:]
    creases &= ~(view.outline[:, :-1] | view.outline[:, 1:])
    steps &= ~np.where(near_left, view.outline[:, 1:], view.outline[:, :-1])

    found = steps | creases
    inner[:, :-1] |= found & near_left
    inner[:, 1:] |= found & ~near_left


def _factor(index: Image | None) -> npt.NDArray[np.float32] | np.float32:
    if index is None:
        return np.float32(1)
    return np.where(index[:, 1:] != index[:, :-1], np.float32(_INDEX_FACTOR), np.float32(1))


def _sharpest(turn: Image) -> Mask:
    """Says which pairs turn at least as much as those before and more than those after them, two on either side."""
    framed = np.pad(turn, ((0, 0), (2, 2)))
    length = turn.shape[1]
    best = np.maximum(framed[:, :length], framed[:, 1 : length + 1]) <= turn
    best &= np.maximum(framed[:, 3 : length + 3], framed[:, 4 : length + 4]) < turn
    return best


def _creases(view: _View, rise: Image, crease_degrees: float, factor: npt.NDArray[np.float32] | np.float32) -> Mask:
    """Says where the surfaces left and right of a pair meet at an angle."""
    across = _gentler_rise(view.w)
    left = _plane(view, rise[:, :-2], across[:, 1:-2], slice(1, -2))
    right = _plane(view, rise[:, 2:], across[:, 2:-1], slice(2, -1))
    creases = np.zeros(rise.shape, np.bool_)
    if rise.shape[1] < 3:
        return creases
    cosine = sum(a * b for a, b in zip(left, right, strict=True))
    limit = np.radians(crease_degrees) * factor
    limit = limit if np.ndim(limit) == 0 else limit[:, 1:-1]
    rows, columns = np.nonzero(cosine < np.cos(limit))
    limits = np.broadcast_to(limit, cosine.shape)[rows, columns]
    n = view.normals
    # The wider pair sees past the pixel in which the averaged normal is a mixture.
    narrow = np.einsum("nc,nc->n", n[rows, columns + 1], n[rows, columns + 2])
    wide = np.einsum("nc,nc->n", n[rows, columns], n[rows, columns + 3])
    sharp = (np.minimum(narrow, wide) < np.cos(limits)) | (
        cosine[rows, columns] < np.cos(np.minimum(2 * limits, np.pi))
    )
    creases[rows[sharp], columns[sharp] + 1] = True
    return creases


def _gentler_rise(w: Image) -> Image:
    """Returns the rise across the axis on the side of each pixel where the surface goes on straighter."""
    rise = np.diff(w, axis=0)
    bend = np.full(w.shape, np.nan, np.float32)
    np.abs(rise[1:] - rise[:-1], out=bend[1:-1])
    above, below = np.full(w.shape, np.nan, np.float32), np.full(w.shape, np.nan, np.float32)
    above[1:], below[:-1] = rise, rise
    bend_above, bend_below = np.full(w.shape, np.inf, np.float32), np.full(w.shape, np.inf, np.float32)
    bend_above[1:] = np.where(np.isnan(bend[:-1]), np.inf, bend[:-1])
    bend_below[:-1] = np.where(np.isnan(bend[1:]), np.inf, bend[1:])
    chosen = np.where(bend_above <= bend_below, above, below)
    return np.where(np.isnan(chosen), np.where(np.isnan(above), below, above), chosen)


def _plane(view: _View, rise: Image, across: Image, columns: slice) -> tuple[Image, Image, Image]:
    """Returns the unit normals of the planes through pixels that rise so along the axis and across it."""
    along, other = rise * view.focal, across * view.focal
    x = view.x[:, columns] if view.x.shape[1] > 1 else view.x
    y = view.y[:, columns] if view.y.shape[1] > 1 else view.y
    ahead = view.w[:, columns] - along * x - other * y
    length = np.sqrt(along * along + other * other + ahead * ahead)
    return along / length, other / length, ahead / length


def _in_company(lines: Mask) -> Mask:
    """Says which pixels have enough line around them to be no speck."""
    count = lines.astype(np.uint8)
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (_SPECK_REACH, _SPECK_REACH)
        framed = np.pad(count, padding)
        length = lines.shape[axis]
        parts = (
            framed[at : at + length] if axis == 0 else framed[:, at : at + length] for at in range(2 * _SPECK_REACH + 1)
        )
        count = sum(parts, np.zeros(lines.shape, np.uint8))
    return count >= _SPECK_PIXELS


def _widen(lines: Mask, width: int, mask: Mask) -> Mask:
    """Makes lines of one pixel `width` wide, inside the object alone, so that outlines do not grow the object."""
    wide = lines
    for _ in range(width - 1):
        grown = wide.copy()
        grown[1:] |= wide[:-1]
        grown[:-1] |= wide[1:]
        grown[:, 1:] |= wide[:, :-1]
        grown[:, :-1] |= wide[:, 1:]
        wide = grown & mask
    return wide
