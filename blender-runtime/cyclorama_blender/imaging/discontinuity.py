"""Measures how much depth jumps and surfaces turn between neighbouring pixels.

The jump and the turn between the pixels b and c follow from four neighbours a b c d in a row and w = 1 / z. Along any
plane w is linear in the pixel's coordinates, so its second differences are zero except at a jump or a turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask

_TURN_AS_JUMP = 0.5
"""A turn between b and c looks like a jump of at most this share of the difference of slopes."""
_SLOPE_AS_JUMP = 1.5
"""Largest step that looks like no jump, as a share of the slope, if only one slope is known.

Towards a ball's outline the last slope is up to 2.4 times the one before.
"""
_OTHER_OBJECT = 2.0
"""Factor on jumps and turns between two different objects."""


@dataclass(frozen=True)
class Sight:
    """Holds some rows of a view, or some columns as rows.

    Attributes:
        w: 1 / depth (H, W), NaN at the background.
        normals: unit normals (H, W, 3) as shaded, in any frame.
        index: number of the object (H, W), or None.
        focal: focal length in pixels.
        x: coordinate along the rows of the rays through the pixels' middles, with Z = 1: (1, W), or (W, 1) transposed.
        y: coordinate across the rows of the same rays.
    """

    w: Image
    normals: Image
    index: Image | None
    focal: np.float32
    x: Image
    y: Image

    def transposed(self) -> Sight:
        """Returns the same pixels with columns as rows."""
        index = None if self.index is None else self.index.T
        return Sight(self.w.T, self.normals.transpose(1, 0, 2), index, self.focal, self.y.T, self.x.T)


@dataclass(frozen=True)
class Pairs:
    """Holds the jump and the turn between each pixel and the next one in its row, each (H, W - 1).

    Attributes:
        jump: step of depth that slopes do not explain, as a share of the nearer depth; NaN if it is unknown.
        turn: angle between the surfaces on either side, radians; 0 if it is small or another pair nearby turns more.
        left_is_nearer: whether the first pixel of the pair is the nearer one.
    """

    jump: Image
    turn: Image
    left_is_nearer: Mask


def judge_pairs(sight: Sight, least_turn: float) -> Pairs:
    """Measures all pairs along the rows. Turns below `least_turn`, radians, may count as 0."""
    w = sight.w
    rise = np.diff(w, axis=1)
    # The bend is the distance of each pixel from the line through its neighbours; NaN if one of the three is missing.
    bend = np.full(w.shape, np.nan, np.float32)
    np.abs(rise[:, 1:] - rise[:, :-1], out=bend[:, 1:-1])
    left_is_nearer = w[:, :-1] >= w[:, 1:]
    weight = _weight(sight.index)
    jump = _jump(w, rise, bend, left_is_nearer) * weight
    turn = _turn(sight, rise, weight, least_turn)
    turn[~_greatest(np.nan_to_num(bend[:, :-1]) + np.nan_to_num(bend[:, 1:]))] = 0
    return Pairs(jump, turn, left_is_nearer)


def _weight(index: Image | None) -> npt.NDArray[np.float32] | np.float32:
    if index is None:
        return np.float32(1)
    return np.where(index[:, 1:] != index[:, :-1], np.float32(_OTHER_OBJECT), np.float32(1))


def _jump(w: Image, rise: Image, bend: Image, left_is_nearer: Mask) -> Image:
    before, after = np.full(rise.shape, np.nan, np.float32), np.full(rise.shape, np.nan, np.float32)
    before[:, 1:], after[:, :-1] = rise[:, :-1], rise[:, 1:]
    explained = np.abs(before - after) * np.float32(_TURN_AS_JUMP)
    one_sided = np.fmax(np.abs(before), np.abs(after)) * np.float32(_SLOPE_AS_JUMP)
    explained = np.where(np.isnan(explained), one_sided, explained)
    # The step of w as a share of the farther w is the step of z as a share of the nearer z.
    farther = np.where(left_is_nearer, w[:, 1:], w[:, :-1])
    return (np.fmin(bend[:, :-1], bend[:, 1:]) - explained) / farther


def _turn(
    sight: Sight, rise: Image, weight: npt.NDArray[np.float32] | np.float32, least_turn: float
) -> npt.NDArray[np.float32]:
    """Returns the angle between the planes through a b and through c d, in radians.

    The angle has three bounds. The planes one pixel further out bound it from above: narrow grooves and ridges make no
    dashes. The shaded normals bound it from above too: facets under smooth shading make no lines. Half of the planes'
    own angle bounds it from below: a box under smooth shading still has lines. A normal map therefore adds no turn.
    """
    turn = np.zeros(rise.shape, np.float32)
    if rise.shape[1] < 3:
        return turn
    across = _straighter_rise(sight.w)
    # left[:, k] is the plane at pixel k + 1 towards the one before, right[:, k] that at pixel k towards the next.
    left, right = _planes(sight, rise, across, slice(1, None)), _planes(sight, rise, across, slice(0, -1))
    cosine = np.einsum("chw,chw->hw", left[..., :-2], right[..., 2:])
    rows, columns = np.nonzero(cosine < np.cos(least_turn / _OTHER_OBJECT))
    geometric = _angle(cosine[rows, columns])
    further = np.full(geometric.shape, np.nan, np.float32)
    known = (columns > 0) & (columns < cosine.shape[1] - 1)
    before, after = left[:, rows[known], columns[known] - 1], right[:, rows[known], columns[known] + 3]
    further[known] = _angle(np.einsum("cn,cn->n", before, after))
    geometric = np.fmin(geometric, further)
    n = sight.normals
    # The wider pair skips the pixel whose averaged normal is a mixture.
    narrow = np.einsum("nc,nc->n", n[rows, columns + 1], n[rows, columns + 2])
    wide = np.einsum("nc,nc->n", n[rows, columns], n[rows, columns + 3])
    shaded = _angle(np.minimum(narrow, wide))
    turn[rows, columns + 1] = np.maximum(np.minimum(geometric, shaded), geometric / 2)
    return turn * weight


def _angle(cosine: Image) -> Image:
    return np.arccos(cosine.clip(-1, 1))


def _greatest(bend: Image) -> Mask:
    """Returns which pairs bend at least as much as the two before them and more than the two after them."""
    framed = np.pad(bend, ((0, 0), (2, 2)))
    width = bend.shape[1]
    greatest = np.maximum(framed[:, :width], framed[:, 1 : width + 1]) <= bend
    greatest &= np.maximum(framed[:, 3 : width + 3], framed[:, 4 : width + 4]) < bend
    return greatest


def _straighter_rise(w: Image) -> Image:
    """Returns the rise across the rows, on the side of each pixel on which the surface is straighter."""
    rise = np.diff(w, axis=0)
    bend = np.full(w.shape, np.inf, np.float32)
    np.abs(rise[1:] - rise[:-1], out=bend[1:-1])
    bend[np.isnan(bend)] = np.inf
    above, below = np.full(w.shape, np.nan, np.float32), np.full(w.shape, np.nan, np.float32)
    above[1:], below[:-1] = rise, rise
    straighter_above = np.zeros(w.shape, np.bool_)
    straighter_above[1:-1] = bend[:-2] <= bend[2:]
    chosen = np.where(straighter_above, above, below)
    return np.where(np.isnan(chosen), np.where(straighter_above, below, above), chosen)


def _planes(sight: Sight, rise: Image, across: Image, columns: slice) -> Image:
    """Returns the unit normals (3, H, W - 1) of the planes in which w rises by these along and across the row."""
    planes = np.empty((3, *rise.shape), np.float32)
    x = sight.x[:, columns] if sight.x.shape[1] > 1 else sight.x
    y = sight.y[:, columns] if sight.y.shape[1] > 1 else sight.y
    np.multiply(rise, sight.focal, out=planes[0])
    np.multiply(across[:, columns], sight.focal, out=planes[1])
    np.subtract(sight.w[:, columns], planes[0] * x + planes[1] * y, out=planes[2])
    planes /= np.sqrt(np.einsum("chw,chw->hw", planes, planes))
    return planes
