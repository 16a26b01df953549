"""Builds the exercises' JSON reports of one asset."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from cyclorama_blender.protocol.contract import Json, write_json

DECIMALS = Decimal("0.000001")
"""Dimensions, in metres, are rounded to this step."""
ROUNDING = Context(prec=400, rounding=ROUND_HALF_UP)
"""Rounds as the services do, which write 1/128 m as 0.007813 m. The precision is enough for any double."""


def inspection_report(filename: str, found: Json) -> Json:
    """Returns exercise 1's report of an Inspection message."""
    return {
        "filename": filename,
        "geometry": {name: int(found[name]) for name in ("vertices", "faces")},
        "topology": _topology(found),
        "dimensions": _dimensions(found),
    }


def validation_report(file: str, found: Json, warnings: tuple[str, ...] = ()) -> Json:
    """Returns exercise 4's report of an Inspection message. Fields beyond the exercise's are inside `stats`."""
    stats: Json = {
        "vertices": int(found["vertices"]),
        "faces": int(found["faces"]),
        "dimensions": _dimensions(found),
        "materials": found["materialNames"],
        "topology": _topology(found),
    }
    if warnings:
        stats["warnings"] = list(warnings)
    return {"file": file, "status": "success", "stats": stats}


def error_report(file: str, reason: str, message: str) -> Json:
    """Returns exercise 4's report of an asset that failed. The reason follows the exercise's own fields."""
    return {"file": file, "status": "error", "error_message": message, "reason": reason}


def print_report(report: Json) -> str:
    """Writes a report as the services do: indented by two spaces, with names unescaped and a final line end."""
    return write_json(report, indent=2) + "\n"


def _topology(found: Json) -> Json:
    return {name: int(found[name]) for name in ("triangles", "quads", "ngons")}


def _dimensions(found: Json) -> Json:
    low, high = found.get("boundsMin", {}), found.get("boundsMax", {})
    return {axis: _round(high.get(axis, 0.0) - low.get(axis, 0.0)) for axis in "xyz"}


def _round(extent: float) -> float:
    return float(ROUNDING.quantize(Decimal(extent), DECIMALS))
