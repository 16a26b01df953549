"""Builds metadata.json, which says what the images' numbers mean; docs/schemas/metadata.schema.json describes it."""

from __future__ import annotations

import math
import platform
from dataclasses import dataclass

import numpy as np

from cyclorama_blender.imaging import depth, edges, normals
from cyclorama_blender.imaging.rendered import RenderedBox, RenderedView, Rendering, RenderSource
from cyclorama_blender.maths import camera
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.contract import Json, write_json
from cyclorama_blender.protocol.render_spec import RenderSpec, Triple

FORMAT_VERSION = 1
_LINE_CHARS = 100

_DIGITS = 9
"""Number of digits, more than the rendering's 32-bit floats hold; 50.00000000000001 becomes 50.0."""
_ASSET_DIGITS = 15
"""Number of digits of points in the asset's own world, in which a small asset may be far from the origin."""


@dataclass(frozen=True)
class DescribedView:
    """Holds one view, the paths of its files by name, and the object's coverage and range of depth in it."""

    view: RenderedView
    files: dict[str, str]
    coverage: float
    near: float
    far: float


@dataclass(frozen=True)
class DescribedFile:
    """Holds one file beside metadata.json."""

    path: str
    sha256: str
    size: int


def describe(
    spec: RenderSpec,
    rendering: Rendering,
    source: RenderSource,
    views: list[DescribedView],
    files: list[DescribedFile],
    stage_seconds: dict[str, float],
    warnings: list[str],
) -> Json:
    """Returns the document. The exercise's keys come first, exactly as in the exercise."""
    lens, first = Intrinsics.of(spec), rendering.views[0]
    return {
        "source_file": source.file,
        "render_resolution": [spec.width, spec.height],
        "bounding_box": _box(rendering.box),
        "camera": {
            "focal_length": _short(rendering.focal_length_mm),
            "position": _position(first),
            "look_at": _triple(first.look_at),
        },
        "asset_bounding_box": _box(rendering.asset_box, _ASSET_DIGITS),
        "intrinsics": _intrinsics(lens, rendering),
        "views": [_view(described) for described in views],
        "normalisation": {
            "scale": rendering.scale,
            "translation": _triple(rendering.translation, _ASSET_DIGITS),
            "rule": "rendered = scale * (asset + translation)",
            "object_scale": spec.object_scale.lower(),
        },
        "depth": _depth(rendering),
        "normal": _normal(spec),
        "edge": _edge(spec),
        "textured": _textured(spec),
        "render": _render(spec, rendering, views),
        "source": {
            "uri": source.uri,
            "etag": source.etag,
            "sha256": source.sha256,
            "size_bytes": source.size_bytes,
        },
        "versions": _versions(rendering, source),
        "files": [{"path": file.path, "sha256": file.sha256, "size": file.size} for file in files],
        "stage_seconds": {stage: round(seconds, 4) for stage, seconds in stage_seconds.items()},
        "warnings": warnings,
    }


def print_metadata(document: Json) -> str:
    """Writes JSON with two spaces, but lists of numbers on one line.

    Raises:
        ValueError: a number is not finite.
    """
    return _print(document, "") + "\n"


def _print(value: object, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        parts = [f"{inner}{write_json(key)}: {_print(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        line = write_json(value)
        if len(line) <= _LINE_CHARS and not any(isinstance(item, (dict, list, str)) for item in value):
            return line
        return "[\n" + ",\n".join(inner + _print(item, inner) for item in value) + f"\n{indent}]"
    return write_json(value)


def _short(number: float, digits: int = _DIGITS) -> float:
    return float(f"{number:.{digits}g}")


def _triple(values: Triple, digits: int = _DIGITS) -> list[float]:
    return [_short(value, digits) + 0.0 for value in values]


def _box(box: RenderedBox, digits: int = _DIGITS) -> Json:
    sides = list(zip(box.low, box.high, strict=True))
    return {
        "center": _triple(tuple((low + high) / 2 for low, high in sides), digits),
        "dimensions": _triple(tuple(high - low for low, high in sides), digits),
    }


def _position(view: RenderedView) -> list[float]:
    return _triple(tuple(view.pose[:3, 3]))


def _intrinsics(lens: Intrinsics, rendering: Rendering) -> Json:
    (cx, cy), focal = lens.center, lens.focal_pixels
    return {
        "fx": focal,
        "fy": focal,
        "cx": cx,
        "cy": cy,
        "K": lens.matrix.tolist(),
        "width": lens.width,
        "height": lens.height,
        "pixel_centre": [0.5, 0.5],
        "sensor_width_mm": rendering.sensor_width_mm,
        "focal_length_mm": _short(rendering.focal_length_mm),
        "field_of_view_degrees": [_short(2 * math.degrees(math.atan(tangent))) for tangent in lens.half_tangents],
    }


def _view(described: DescribedView) -> Json:
    view = described.view
    seen = described.far > 0
    return {
        "name": view.name,
        "files": described.files,
        "world_from_camera_blender": (view.pose + 0.0).tolist(),
        "world_from_camera_opencv": (camera.opencv_pose(view.pose) + 0.0).tolist(),
        "position": _position(view),
        "look_at": _triple(view.look_at),
        "depth": {"near": described.near if seen else None, "far": described.far if seen else None},
        "coverage": round(described.coverage, 6),
    }


def _depth(rendering: Rendering) -> Json:
    return {
        "quantity": "planar depth: distance from the camera's plane, at the middle of the pixel",
        "unit": "units of the rendered world",
        "metres_per_unit": 1 / rendering.scale,
        "formula": "z = near + grey / levels * (far - near), near and far of the view",
        "png_8": {"levels": depth.LEVELS[8], "background": depth.LEVELS[8] + 1},
        "png_16": {"levels": depth.LEVELS[16], "background": depth.LEVELS[16] + 1},
        "exr": {"channel": "Z", "background": "infinity"},
    }


def _normal(spec: RenderSpec) -> Json:
    camera_axes = {
        "OPENGL": "X right, Y up, Z towards the viewer",
        "OPENCV": "X right, Y down, Z away from the viewer",
    }
    in_world = spec.normal_space == "WORLD"
    return {
        "space": spec.normal_space.lower(),
        "convention": "blender" if in_world else spec.normal_convention.lower(),
        "axes": "rendered world: X right and Y away in the front view, Z up"
        if in_world
        else camera_axes[spec.normal_convention],
        "formula": "n = colour / 255 * 2 - 1",
        "background": [normals.BACKGROUND] * 3,
        "exr": {"channels": ["R", "G", "B"], "background": [0.0, 0.0, 0.0]},
    }


def _edge(spec: RenderSpec) -> Json:
    return {
        "crease_degrees": spec.edges.crease_degrees,
        "depth_step": spec.edges.depth_step,
        "line_width": edges.line_width(spec.width, spec.height),
        "line": edges.LINE,
        "background": edges.PAPER,
    }


def _textured(spec: RenderSpec) -> Json:
    return {
        "colour_space": "sRGB",
        "alpha": "straight" if spec.background == "TRANSPARENT" else "none",
        "background": spec.background.lower(),
    }


def _versions(rendering: Rendering, source: RenderSource) -> Json:
    return {
        "metadata": FORMAT_VERSION,
        "cyclorama": source.cyclorama_version,
        "blender": rendering.blender_version,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _render(spec: RenderSpec, rendering: Rendering, views: list[DescribedView]) -> Json:
    return {
        "engine": "CYCLES",
        "device": rendering.device,
        "preset": spec.preset.lower(),
        "samples": spec.samples,
        "denoising": spec.denoising.lower(),
        "seed": spec.seed,
        "lighting": {
            "preset": spec.lighting.preset.lower(),
            "strength": spec.lighting.strength,
            "hdr_uri": spec.lighting.hdr_uri,
        },
        "background": spec.background.lower(),
        "framing_margin": spec.framing_margin,
        "frame": rendering.frame,
        "stray_vertices": rendering.stray_vertices,
        "blender_version": rendering.blender_version,
        "seconds": [round(described.view.render_seconds, 4) for described in views],
    }
