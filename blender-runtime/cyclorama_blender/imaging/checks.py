"""Says of a view's images whether they are good enough for a dataset. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cyclorama_blender.imaging.colour import LARGEST, to_srgb
from cyclorama_blender.imaging.exr import Image
from cyclorama_blender.imaging.passes import Mask, Passes
from cyclorama_blender.protocol.contract import Json

LEAST_COVERAGE = 1e-4
BORDER_PIXELS = 2
"""So many pixels along each side must be free of a framed object, where its margin is that wide."""
FILTER_PIXELS = 1
"""So far beyond the object's outline the renderer's filter spreads its alpha."""
UNIT_TOLERANCE = 1e-3
VISIBLE_ALPHA = 0.5 / 255
BLACK = 0.5 / 255 / 12.92
"""Linear light up to which an image of 8 bits is black."""
EVEN = 1 / 255
"""Within one step of 8 bits colours are the same; denoising leaves that much at `EVEN_SHARE` of the pixels of one."""
EVEN_SHARE = 0.9
BRIGHT = 1.05
"""Linear light above it is over-exposed; denoising leaves up to that much of a plain white."""
BRIGHT_SHARE = 0.25
"""Of the object's pixels so many may be over-exposed: lamps on it, and reflections of lights."""
SAMPLED_PIXELS = 1 << 18
"""About so many are enough to know how colours are spread."""
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
    # Beside the outline alpha is a fraction, so only what is plainly there or plainly not is compared.
    wrong = np.count_nonzero((passes.alpha > 0.99) & ~mask) + np.count_nonzero((passes.alpha < 0.01) & mask)
    if wrong > UNEVEN * np.count_nonzero(mask):
        warnings.append(f"alpha and depth disagree about {wrong} pixels, as with nearly clear materials")
    return warnings


def _light(passes: Passes, seen: Mask) -> Image:
    """Returns straight light (3, N) of pixels spread over those that are seen."""
    every = slice(None, None, max(1, np.count_nonzero(seen) // SAMPLED_PIXELS))
    share = passes.alpha[seen][every]
    return np.stack([np.nan_to_num(plane[seen][every], posinf=LARGEST) / share for plane in passes.rgb])


def _sole_colour(light: Image) -> str:
    """Says which colour all light has; empty where there are several."""
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
