"""Says of a view's images whether they are good enough for a dataset. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cyclorama_blender.contract import Json
from cyclorama_blender.exr import Image
from cyclorama_blender.passes import Mask, Passes

LEAST_COVERAGE = 1e-4
BORDER_PIXELS = 2
UNIT_TOLERANCE = 1e-3
VISIBLE_ALPHA = 0.5 / 255
BLACK = 0.5 / 255
"""Linear light that no screen tells from black: 8 bits have it at most as 2 of 255."""
UNEVEN = 0.02
"""Share of pixels at which alpha and depth may disagree about where the object is, beside its outline."""

_SEVERITY = ("invalid_render", "blank_render", "cropped")


@dataclass(frozen=True)
class Shortfall:
    """A check that failed."""

    reason: str
    message: str
    view: str

    def to_json(self) -> Json:
        """Returns the message of cyclorama.blender.v1."""
        return {"reason": self.reason, "message": self.message, "view": self.view}


@dataclass(frozen=True)
class Findings:
    """What the checks found in one view."""

    shortfalls: tuple[Shortfall, ...] = ()
    warnings: tuple[str, ...] = ()


def check_view(name: str, passes: Passes, mask: Mask, normals: Image, framed: bool) -> Findings:
    """Checks one view.

    Args:
        name: of the view.
        passes: as rendered.
        mask: where depth says that the object is.
        normals: unit normals (H, W, 3).
        framed: whether the object must not touch the border.
    """
    shortfalls: list[Shortfall] = []
    warnings: list[str] = []

    def fail(reason: str, message: str) -> None:
        shortfalls.append(Shortfall(reason, message, name))

    if not np.isfinite(passes.depth).all() or (passes.depth <= 0).any():
        fail("invalid_render", f"{name}: depth has values that are no depth; expected finite ones above 0")
    if _bad_normals(normals, mask):
        fail("invalid_render", f"{name}: normals are not of unit length; expected 1 within {UNIT_TOLERANCE}")
    bad_light = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in (*passes.rgb, passes.alpha))
    if bad_light:
        warnings.append(f"{name}: {bad_light} values of the lit image are not finite; they are drawn black or white")
    covered = np.nan_to_num(passes.alpha) > VISIBLE_ALPHA
    coverage = float(mask.mean())
    if coverage < LEAST_COVERAGE:
        fail("blank_render", f"{name}: the object covers {coverage:.4%} of the image; expected at least 0.01%")
    elif not (covered & mask).any():
        fail(
            "blank_render", f"{name}: the object is fully transparent wherever it is seen; expected some of it visible"
        )
    else:
        warnings += _appearance(name, passes, covered & mask, fail)
        warnings += _disagreement(name, passes.alpha, mask)
    if framed and (touched := _touched_sides(mask | covered)):
        fail("cropped", f"{name}: the object touches the {' and '.join(touched)} border; expected it inside")
    elif touched := _touched_sides(mask):
        warnings.append(f"{name}: the object leaves the image at its {' and '.join(touched)}")
    return Findings(tuple(shortfalls), tuple(warnings))


def worst_first(shortfalls: Iterable[Shortfall]) -> list[Shortfall]:
    """Sorts shortfalls by how little of the image is of use, then as the views come."""
    return sorted(shortfalls, key=lambda shortfall: _SEVERITY.index(shortfall.reason))


def _bad_normals(normals: Image, mask: Mask) -> bool:
    squares = np.einsum("hwc,hwc->hw", normals, normals)
    with np.errstate(invalid="ignore"):
        return not bool((np.abs(squares - 1) < 2 * UNIT_TOLERANCE)[mask].all())


def _appearance(name: str, passes: Passes, seen: Mask, fail: object) -> list[str]:
    lights = [np.nan_to_num(plane[seen]) for plane in passes.rgb]
    if all(float(light.max()) <= BLACK for light in lights):
        fail("blank_render", f"{name}: the object is black all over; expected light on it or from it")  # type: ignore[operator]
        return []
    if all(float(np.ptp(light / passes.alpha[seen])) < 1e-6 for light in lights) and seen.sum() > 1:
        return [f"{name}: the object has the same colour all over, as an unlit material of one colour has"]
    return []


def _disagreement(name: str, alpha: Image, mask: Mask) -> list[str]:
    # Beside the outline alpha is a fraction, so only what is plainly there or not is compared.
    solid, empty = alpha > 0.99, alpha < 0.01
    wrong = int(np.count_nonzero(solid & ~mask) + np.count_nonzero(empty & mask))
    if wrong <= UNEVEN * np.count_nonzero(mask):
        return []
    return [f"{name}: alpha and depth disagree about {wrong} pixels, as with nearly clear materials"]


def _touched_sides(there: Mask) -> list[str]:
    sides = {
        "top": there[:BORDER_PIXELS],
        "bottom": there[-BORDER_PIXELS:],
        "left": there[:, :BORDER_PIXELS],
        "right": there[:, -BORDER_PIXELS:],
    }
    return [side for side, strip in sides.items() if strip.any()]
