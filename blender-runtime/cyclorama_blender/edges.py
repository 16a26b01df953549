"""Lines where an artist would draw them: outlines, steps of depth and creases. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cyclorama_blender.camera import Intrinsics
from cyclorama_blender.discontinuity import Pairs, Sight, judge_pairs
from cyclorama_blender.exr import Image
from cyclorama_blender.passes import Mask

LINE, PAPER = 0, 255

_WEAK = 0.6
"""Of both thresholds, for what closes gaps in lines: where a rounded edge turns just too slowly here and there."""
_GAP = 6
"""So far a pixel that closes a gap may lie from the lines on either side of it."""
_SPECK_REACH, _SPECK_PIXELS = 3, 6
"""Of the 7 x 7 pixels around a pixel of an inner line so many must be line."""
_BAND = 64
"""Rows that are worked on at a time, so that they stay in the processor's cache and memory stays small."""
_HALO = 3 + _GAP + _SPECK_REACH
"""Rows beyond a band that decide about rows in it."""


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
    lines = np.zeros((height, width), np.bool_)
    outline = outline_of(surface.mask)
    top, bottom = _extent(surface.mask.any(axis=1))
    columns = slice(*_extent(surface.mask.any(axis=0)))
    for first in range(top, bottom, _BAND):
        last = min(first + _BAND, bottom)
        band = (slice(max(0, first - _HALO), min(height, last + _HALO)), columns)
        found = _lines(surface, outline, lens, band, math.radians(crease_degrees), depth_step)
        lines[first:last, columns] = found[first - band[0].start :][: last - first]
    lines = _widen(lines, line_width(width, height), surface.mask)
    return np.where(lines, np.uint8(LINE), np.uint8(PAPER))


def _extent(there: npt.NDArray[np.bool_]) -> tuple[int, int]:
    at = np.flatnonzero(there)
    return (int(at[0]), int(at[-1]) + 1) if at.size else (0, 0)


def outline_of(mask: Mask) -> Mask:
    """Says which pixels of the object have background beside them; beyond the image lies none."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return mask & ~inner


def _lines(
    surface: Surface, outline: Mask, lens: Intrinsics, band: tuple[slice, slice], crease: float, depth_step: float
) -> Mask:
    mask, outline = surface.mask[band], outline[band]
    strong, weak = np.zeros(mask.shape, np.bool_), np.zeros(mask.shape, np.bool_)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sight = _sight(surface, lens, band)
        pairs = judge_pairs(sight, _WEAK * crease)
        _draw(pairs, outline, crease, depth_step, strong)
        _draw(pairs, outline, _WEAK * crease, _WEAK * depth_step, weak)
        pairs = judge_pairs(sight.transposed(), _WEAK * crease)
        _draw(pairs, outline.T, crease, depth_step, strong.T)
        _draw(pairs, outline.T, _WEAK * crease, _WEAK * depth_step, weak.T)
    strong |= weak & _between(strong)
    return outline | (strong & _in_company(outline | strong))


def _sight(surface: Surface, lens: Intrinsics, band: tuple[slice, slice]) -> Sight:
    (cx, cy), focal = lens.center, lens.focal_pixels
    rows, columns = band
    w = np.where(surface.mask[band], 1 / surface.depth[band], np.float32(np.nan))
    index = None if surface.index is None else surface.index[band]
    x = ((np.arange(columns.start, columns.stop) + 0.5 - cx) / focal).astype(np.float32)[None, :]
    y = ((np.arange(rows.start, rows.stop) + 0.5 - cy) / focal).astype(np.float32)[:, None]
    return Sight(w, surface.normals[band], index, np.float32(focal), x, y)


def _draw(pairs: Pairs, outline: Mask, crease: float, depth_step: float, lines: Mask) -> None:
    """Draws into `lines` the nearer pixel of each pair that has an edge between its two."""
    steps = pairs.jump > depth_step
    creases = pairs.turn > crease
    # A step's neighbours have it in their slopes, and are no creases.
    creases[:, 1:] &= ~steps[:, :-1]
    creases[:, :-1] &= ~steps[:, 1:]
    # Beside the outline there is a line already.
    creases &= ~(outline[:, :-1] | outline[:, 1:])
    steps &= ~np.where(pairs.left_is_nearer, outline[:, 1:], outline[:, :-1])
    found = steps | creases
    lines[:, :-1] |= found & pairs.left_is_nearer
    lines[:, 1:] |= found & ~pairs.left_is_nearer


def _between(lines: Mask) -> Mask:
    """Says which pixels have lines nearby on two opposite sides, up left and down right or the other way."""
    above, below = _sweep(lines, 0), _sweep(lines[::-1], 0)[::-1]
    above_left, below_left = _sweep(above, 1), _sweep(below, 1)
    above_right, below_right = _sweep(above[:, ::-1], 1)[:, ::-1], _sweep(below[:, ::-1], 1)[:, ::-1]
    return (above_left & below_right) | (above_right & below_left)


def _sweep(lines: Mask, axis: int) -> Mask:
    """Says which pixels have a line at themselves or up to `_GAP` pixels before them."""
    swept = lines.copy()
    for step in range(1, _GAP + 1):
        if axis == 0:
            swept[step:] |= lines[:-step]
        else:
            swept[:, step:] |= lines[:, :-step]
    return swept


def _in_company(lines: Mask) -> Mask:
    """Says which pixels have enough line around them to be no speck."""
    count = lines.astype(np.uint8)
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (_SPECK_REACH, _SPECK_REACH)
        framed = np.pad(count, padding)
        count = np.zeros(lines.shape, np.uint8)
        for at in range(2 * _SPECK_REACH + 1):
            length = lines.shape[axis]
            count += framed[at : at + length] if axis == 0 else framed[:, at : at + length]
    return count >= _SPECK_PIXELS


def _widen(lines: Mask, width: int, mask: Mask) -> Mask:
    """Makes lines of one pixel `width` wide, inside the object alone, so that outlines do not grow the object."""
    for _ in range(width - 1):
        grown = lines.copy()
        grown[1:] |= lines[:-1]
        grown[:-1] |= lines[1:]
        grown[:, 1:] |= lines[:, :-1]
        grown[:, :-1] |= lines[:, 1:]
        lines = grown & mask
    return lines
