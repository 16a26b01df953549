"""Checks whether a view's images are good enough for a dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cyclorama_blender.imaging.colour import LARGEST, to_srgb
from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask, Passes
from cyclorama_blender.protocol.contract import Json

LEAST_COVERAGE = 1e-4
"""Least share of the image that the object must cover."""
BORDER_PIXELS = 2
"""Number of pixels along each side that a framed object must leave free, if its margin is that wide."""
FILTER_PIXELS = 1
"""Number of pixels by which the renderer's filter spreads alpha beyond the object's outline."""
UNIT_TOLERANCE = 1e-3
"""Largest difference of a normal's length from 1."""
VISIBLE_ALPHA = 0.5 / 255
"""Alpha up to which an 8-bit image shows nothing."""
BLACK = 0.5 / 255 / 12.92
"""Linear light that an 8-bit image shows as black, at most."""
EVEN = 1 / 255
"""Colours that differ by less than this 8-bit step, in sRGB, count as one colour."""
EVEN_SHARE = 0.9
"""Share of the pixels that must have one colour: denoising leaves larger differences at the rest."""
BRIGHT = 1.05
"""Linear light above this is over-exposed. Denoising may raise a plain white up to this."""
BRIGHT_SHARE = 0.25
"""Share of the object's pixels that may be over-exposed, by lamps on it and reflections of lights."""
SAMPLED_PIXELS = 1 << 18
"""About this many pixels are enough to know the spread of the colours."""
UNEVEN = 0.02
"""Share of the object's pixels at which alpha and depth may disagree, without those at its outline."""

_SEVERITY = ("invalid_render", "blank_render", "cropped")


@dataclass(frozen=True)
class Shortfall:
    """Holds a check that failed."""

    reason: str
    message: str
    view: str

    def to_json(self) -> Json:
        """Returns the message of cyclorama.blender.v1."""
        return {"reason": self.reason, "message": self.message, "view": self.view}


@dataclass(frozen=True)
class Findings:
    """Holds the results of one view's checks."""

    shortfalls: tuple[Shortfall, ...] = ()
    warnings: tuple[str, ...] = ()


def free_border(margin: float, width: int, height: int) -> int:
    """Returns the number of pixels along each side that an object framed with this margin leaves free at least."""
    return max(0, min(BORDER_PIXELS, int(margin * min(width, height) / 2) - FILTER_PIXELS))


def check_view(name: str, passes: Passes, mask: Mask, normals: Image, border: int) -> Findings:
    """Checks one view.

    Args:
        name: name of the view.
        passes: the rendered passes.
        mask: true at the pixels (H, W) at which depth hits the object.
        normals: unit normals (H, W, 3).
        border: number of pixels along each side that the object must leave free.
    """
    covered = np.nan_to_num(passes.alpha) > VISIBLE_ALPHA
    light = _light(passes, covered & mask)
    colour = _sole_colour(light)
    failed = [*_unsound(passes, mask, normals), *_blank(mask, light.size > 0, colour)]
    if touched := _touched_sides(mask | covered, border):
        failed.append(("cropped", f"the object touches the {' and '.join(touched)} border; expected it inside"))
    warnings = [*_warn_passes(passes, mask), *_warn_light(light, colour)]
    return Findings(
        tuple(Shortfall(reason, f"{name}: {message}", name) for reason, message in failed),
        tuple(f"{name}: {warning}" for warning in warnings),
    )


def worst_first(shortfalls: Iterable[Shortfall]) -> list[Shortfall]:
    """Sorts shortfalls by severity, then by the order of the views."""
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


def _blank(mask: Mask, visible: bool, colour: str) -> list[tuple[str, str]]:
    coverage = float(mask.mean())
    if coverage < LEAST_COVERAGE:
        message = f"the object covers {coverage:.4%} of the image; expected at least {LEAST_COVERAGE:.2%}"
    elif not visible:
        message = "the object is fully transparent wherever it is seen; expected some of it visible"
    elif colour and mask.all():
        message = f"{colour} fills the image, as from inside the object; expected an outline or several colours"
    else:
        return []
    return [("blank_render", message)]


def _warn_passes(passes: Passes, mask: Mask) -> list[str]:
    warnings = []
    bad = sum(int(np.count_nonzero(~np.isfinite(plane))) for plane in (*passes.rgb, passes.alpha))
    if bad:
        warnings.append(f"{bad} values of the lit image are not finite; they are drawn black or white")
    # At the outline alpha is a fraction, so only pixels with an alpha of nearly 0 or 1 are compared.
    wrong = np.count_nonzero((passes.alpha > 0.99) & ~mask) + np.count_nonzero((passes.alpha < 0.01) & mask)
    if wrong > UNEVEN * np.count_nonzero(mask):
        warnings.append(f"alpha and depth disagree about {wrong} pixels, as with nearly clear materials")
    return warnings


def _light(passes: Passes, seen: Mask) -> Image:
    """Returns the straight light (3, N) of a sample of the seen pixels."""
    every = slice(None, None, max(1, np.count_nonzero(seen) // SAMPLED_PIXELS))
    share = passes.alpha[seen][every]
    return np.stack([np.nan_to_num(plane[seen][every], posinf=LARGEST) / share for plane in passes.rgb])


def _sole_colour(light: Image) -> str:
    """Returns `black` or `one colour` if all light has that, else an empty text."""
    if light.shape[1] < 2:
        return ""
    if not (light > BLACK).any():
        return "black"
    low, high = np.quantile(to_srgb(light.clip(0, 1)), [0.5 - EVEN_SHARE / 2, 0.5 + EVEN_SHARE / 2], axis=1)
    return "one colour" if (high - low < EVEN).all() else ""


def _warn_light(light: Image, colour: str) -> list[str]:
    odd = []
    if colour == "black":
        odd.append("the object is black all over: nothing lights it, or its material is black or not for Cycles")
    elif colour:
        odd.append("the object has one colour all over, as an unlit material without texture has")
    bright = float((light > BRIGHT).any(axis=0).mean()) if light.size else 0.0
    if bright > BRIGHT_SHARE:
        odd.append(f"{bright:.0%} of the object is over-exposed, with light above 1; expected weaker lamps or emission")
    return odd


def _touched_sides(there: Mask, border: int) -> list[str]:
    height, width = there.shape
    sides = {
        "top": there[:border],
        "bottom": there[height - border :],
        "left": there[:, :border],
        "right": there[:, width - border :],
    }
    return [side for side, strip in sides.items() if strip.any()]
