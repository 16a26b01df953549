"""Draws the lines that an artist would draw: outlines, steps of depth and creases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging.discontinuity import Pairs, Sight, judge_pairs
from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.maths.connectivity import find_roots

LINE, PAPER = 0, 255

_NEAR = 0.95
"""Share of both thresholds from which a pixel continues a line. At one threshold, noise would decide each pixel."""
_REACH = 2
"""Largest distance of connected pixels: a slanting line may lack one where it changes its row or column."""
_WEAK = 0.6
"""Share of both thresholds from which a pixel may close a gap, as at a rounded edge that turns slightly too slowly."""
_GAP = 6
"""Largest distance in pixels of a pixel that closes a gap from the lines on either side of it."""
_SPECK_PIXELS = 8
"""Separate inner lines of fewer pixels are specks, such as dashes along a rounded edge, and are dropped."""
_BAND = 64
"""Number of rows that are processed at a time, so that they fit into the processor's cache and use little memory."""
_SIGHT_HALO = 3
"""Number of rows beyond a band that affect rows in it; `_GAP` rows do when gaps are closed."""


@dataclass(frozen=True)
class Surface:
    """Holds the images in which edges are found.

    Attributes:
        depth: planar depth (H, W).
        mask: true at the object's pixels (H, W).
        normals: unit normals (H, W, 3) as shaded, in any frame.
        index: number of the object (H, W), or None.
    """

    depth: Image
    mask: Mask
    normals: Image
    index: Image | None


def line_width(width: int, height: int) -> int:
    """Returns the width of lines in pixels: 1 up to 1024 pixels a side, and in proportion above."""
    return max(1, round(max(width, height) / 1024))


def draw_edges(surface: Surface, lens: Intrinsics, crease_degrees: float, depth_step: float) -> npt.NDArray[np.uint8]:
    """Draws black lines on white (H, W).

    Args:
        surface: images of one view.
        lens: intrinsics of the camera.
        crease_degrees: least angle between two surfaces that makes a line.
        depth_step: least step of depth that makes a line, as a share of the nearer depth.
    """
    height, width = surface.depth.shape
    shares = (1, _NEAR, _WEAK)
    found = np.zeros((len(shares), height, width), np.bool_)
    outline = outline_of(surface.mask)
    bands = list(_bands(surface.mask))
    for inner, columns in bands:
        band = _with_halo(inner, _SIGHT_HALO, height), columns
        pairs = _judge(surface, lens, band, _WEAK * math.radians(crease_degrees))
        for share, lines in zip(shares, found, strict=True):
            drawn = _draw(pairs, outline[band], share * math.radians(crease_degrees), share * depth_step)
            lines[inner, columns] = drawn[_inside(inner, band[0])]
    strong, near, weak = found
    strong = _whole_lines(strong | near, strong, 1, _REACH)
    lines = outline | strong
    for inner, columns in bands:
        band = _with_halo(inner, _GAP, height), columns
        lines[inner, columns] |= (weak[band] & _between(strong[band]))[_inside(inner, band[0])]
    lines = _whole_lines(lines, lines, _SPECK_PIXELS, 1) | outline
    lines = _widen(lines, line_width(width, height), surface.mask)
    return np.where(lines, np.uint8(LINE), np.uint8(PAPER))


def _bands(mask: Mask) -> Iterator[tuple[slice, slice]]:
    """Yields the rows and columns of the box around the object, `_BAND` rows at a time."""
    top, bottom = _extent(mask.any(axis=1))
    columns = slice(*_extent(mask.any(axis=0)))
    for first in range(top, bottom, _BAND):
        yield slice(first, min(first + _BAND, bottom)), columns


def _with_halo(rows: slice, halo: int, height: int) -> slice:
    return slice(max(0, rows.start - halo), min(height, rows.stop + halo))


def _inside(rows: slice, band: slice) -> slice:
    return slice(rows.start - band.start, rows.stop - band.start)


def _extent(there: npt.NDArray[np.bool_]) -> tuple[int, int]:
    at = np.flatnonzero(there)
    return (int(at[0]), int(at[-1]) + 1) if at.size else (0, 0)


def outline_of(mask: Mask) -> Mask:
    """Returns which pixels of the object have background beside them. Beyond the image there is no background."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return mask & ~inner


def _judge(surface: Surface, lens: Intrinsics, band: tuple[slice, slice], least_turn: float) -> tuple[Pairs, Pairs]:
    """Measures the pairs along the rows and along the columns."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        sight = _sight(surface, lens, band)
        return judge_pairs(sight, least_turn), judge_pairs(sight.transposed(), least_turn)


def _whole_lines(there: Mask, counted: Mask, least: int, reach: int) -> Mask:
    """Returns the connected groups of `there` with at least `least` pixels of `counted`: lines stay or go whole."""
    height, width = there.shape
    number = np.cumsum(there, dtype=np.int32).reshape(there.shape) - 1
    joins = []
    steps = [(down, right) for down in range(reach + 1) for right in range(-reach, reach + 1)]
    for down, right in steps[reach + 1 :]:
        here = slice(0, height - down), slice(max(0, -right), width - max(0, right))
        beside = slice(down, height), slice(max(0, right), width + min(0, right))
        both = there[here] & there[beside]
        joins.append((number[here][both], number[beside][both]))
    first, second = (np.concatenate(ends) for ends in zip(*joins, strict=True))
    roots = find_roots(first, second, int(np.count_nonzero(there)))
    kept = np.zeros_like(there)
    kept[there] = np.bincount(roots[counted[there]], minlength=len(roots))[roots] >= least
    return kept


def _sight(surface: Surface, lens: Intrinsics, band: tuple[slice, slice]) -> Sight:
    (cx, cy), focal = lens.center, lens.focal_pixels
    rows, columns = band
    w = np.where(surface.mask[band], 1 / surface.depth[band], np.float32(np.nan))
    index = None if surface.index is None else surface.index[band]
    x = ((np.arange(columns.start, columns.stop) + 0.5 - cx) / focal).astype(np.float32)[None, :]
    y = ((np.arange(rows.start, rows.stop) + 0.5 - cy) / focal).astype(np.float32)[:, None]
    return Sight(w, surface.normals[band], index, np.float32(focal), x, y)


def _draw(pairs: tuple[Pairs, Pairs], outline: Mask, crease: float, depth_step: float) -> Mask:
    """Draws the nearer pixel of each pair that has an edge between its two pixels."""
    lines = np.zeros(outline.shape, np.bool_)
    _draw_along_rows(pairs[0], outline, crease, depth_step, lines)
    _draw_along_rows(pairs[1], outline.T, crease, depth_step, lines.T)
    return lines


def _draw_along_rows(pairs: Pairs, outline: Mask, crease: float, depth_step: float, lines: Mask) -> None:
    steps = pairs.jump > depth_step
    creases = pairs.turn > crease
    # The pairs beside a step have it in their slopes, so they are no creases.
    creases[:, 1:] &= ~steps[:, :-1]
    creases[:, :-1] &= ~steps[:, 1:]
    # Beside the outline there is a line already.
    creases &= ~(outline[:, :-1] | outline[:, 1:])
    steps &= ~np.where(pairs.left_is_nearer, outline[:, 1:], outline[:, :-1])
    found = steps | creases
    lines[:, :-1] |= found & pairs.left_is_nearer
    lines[:, 1:] |= found & ~pairs.left_is_nearer


def _between(lines: Mask) -> Mask:
    """Returns which pixels have lines nearby on two diagonally opposite sides."""
    above, below = _sweep(lines, 0), _sweep(lines[::-1], 0)[::-1]
    above_left, below_left = _sweep(above, 1), _sweep(below, 1)
    above_right, below_right = _sweep(above[:, ::-1], 1)[:, ::-1], _sweep(below[:, ::-1], 1)[:, ::-1]
    return (above_left & below_right) | (above_right & below_left)


def _sweep(lines: Mask, axis: int) -> Mask:
    """Returns which pixels are on a line or at most `_GAP` pixels after one."""
    swept = lines.copy()
    for step in range(1, _GAP + 1):
        if axis == 0:
            swept[step:] |= lines[:-step]
        else:
            swept[:, step:] |= lines[:, :-step]
    return swept


def _widen(lines: Mask, width: int, mask: Mask) -> Mask:
    """Widens lines from one pixel to `width`, only inside the object, so that outlines do not enlarge it."""
    for _ in range(width - 1):
        grown = lines.copy()
        grown[1:] |= lines[:-1]
        grown[:-1] |= lines[1:]
        grown[:, 1:] |= lines[:, :-1]
        grown[:, :-1] |= lines[:, 1:]
        lines = grown & mask
    return lines
