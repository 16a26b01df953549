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
"""So many pixels along each side must be free of a framed object, where its margin is that wide."""
FILTER_PIXELS = 1
"""So far beyond the object's outline the renderer's filter spreads its alpha."""
UNIT_TOLERANCE = 1e-3
VISIBLE_ALPHA = 0.5 / 255
BLACK = 0.5 / 255 / 12.92
"""Linear light up to which an image of 8 bits is black."""
EVEN = 1e-6
"""Linear light that is the same at all pixels differs by less."""
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


def free_border(margin: float, width: int, height: int) -> int:
    """Returns how many pixels along each side an object that is framed with this margin leaves free at least."""
    return max(0, min(BORDER_PIXELS, int(margin * min(width, height) / 2) - FILTER_PIXELS))


def check_view(name: str, passes: Passes, mask: Mask, normals: Image, border: int) -> Findings:
    """Checks one view.

    Args:
        name: of the view.
        passes: as rendered.
        mask: where depth says that the object is.
        normals: unit normals (H, W, 3).
        border: how many pixels along each side the object must leave free.
    """
    covered = np.nan_to_num(passes.alpha) > VISIBLE_ALPHA
    failed = [*_unsound(passes, mask, normals), *_blank(passes, mask, covered)]
    if touched := _touched_sides(mask | covered, border):
        failed.append(("cropped", f"the object touches the {' and '.join(touched)} border; expected it inside"))
    warnings = _doubts(passes, mask, covered)
    return Findings(
        tuple(Shortfall(reason, f"{name}: {message}", name) for reason, message in failed),
        tuple(f"{name}: {warning}" for warning in warnings),
    )


def worst_first(shortfalls: Iterable[Shortfall]) -> list[Shortfall]:
    """Sorts shortfalls by how little of the image is of use, then as the views come."""
    return sorted(shortfalls, key=lambda shortfall: _SEVERITY.index(shortfall.reason))


def _unsound(passes: Passes, mask: Mask, normals: Image) -> list[tuple[str, str]]:
    failed = []
    if not np.isfinite(passes.depth).all() or (passes.depth <= 0).any():
        failed.append(("invalid_render", "depth has values that are no depth; expected finite ones above 0"))
    squares = np.einsum("hwc,hwc->hw", normals, normals)
    with np.errstate(invalid="ignore"):
        unit = bool((np.abs(squares - 1) < 2 * UNIT_TOLERANCE)[mask].all())
    if not unit:
        failed.append(("invalid_render", f"normals are not of unit length; expected 1 within {UNIT_TOLERANCE}"))
    return failed


def _blank(passes: Passes, mask: Mask, covered: Mask) -> list[tuple[str, str]]:
    coverage = float(mask.mean())
    if coverage < LEAST_COVERAGE:
        message = f"the object covers {coverage:.4%} of the image; expected at least {LEAST_COVERAGE:.2%}"
    elif not (covered & mask).any():
        message = "the object is fully transparent wherever it is seen; expected some of it visible"
    elif all(not (plane[covered] > BLACK).any() for plane in passes.rgb):
        message = "the object is black all over; expected light on it or from it"
    else:
        return []
    return [("blank_render", message)]


def _doubts(passes: Passes, mask: Mask, covered: Mask) -> list[str]:
    doubts = []
    bad = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in (*passes.rgb, passes.alpha))
    if bad:
        doubts.append(f"{bad} values of the lit image are not finite; they are drawn black or white")
    seen = covered & mask
    if np.count_nonzero(seen) > 1 and all(_is_even(plane[seen], passes.alpha[seen]) for plane in passes.rgb):
        doubts.append("the object has one colour all over, as an unlit material without texture has")
    # Beside the outline alpha is a fraction, so only what is plainly there or plainly not is compared.
    wrong = np.count_nonzero((passes.alpha > 0.99) & ~mask) + np.count_nonzero((passes.alpha < 0.01) & mask)
    if wrong > UNEVEN * np.count_nonzero(mask):
        doubts.append(f"alpha and depth disagree about {wrong} pixels, as with nearly clear materials")
    return doubts


def _is_even(light: Image, alpha: Image) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.ptp(light / alpha) < EVEN)


def _touched_sides(there: Mask, border: int) -> list[str]:
    height, width = there.shape
    sides = {
        "top": there[:border],
        "bottom": there[height - border :],
        "left": there[:, :border],
        "right": there[:, width - border :],
    }
    return [side for side, strip in sides.items() if strip.any()]
