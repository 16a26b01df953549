"""Reads the resolved RenderSpec of cyclorama.rendering.v1, which says how to render.

Enums are the proto's names without their prefix: `LIGHTING_PRESET_STUDIO` is `STUDIO`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from cyclorama_blender.protocol.contract import Json

Triple = tuple[float, float, float]

PRESETS: dict[str, tuple[int, str]] = {"DRAFT": (8, "FAST"), "STANDARD": (16, "FAST"), "TRAINING": (128, "HIGH")}
"""Maps each preset to its samples and denoising. A contract test compares it with services/images/presets.ts."""

SENSOR_WIDTH_MM = 36.0
LENS_MM = 50.0
DEFAULT_FIELD_OF_VIEW = math.degrees(2 * math.atan(SENSOR_WIDTH_MM / 2 / LENS_MM))

MODALITIES = ("TEXTURED", "NORMAL", "DEPTH", "EDGE")


@dataclass(frozen=True)
class FrontView:
    """Asks for the exercise's one view."""


@dataclass(frozen=True)
class RingViews:
    """Asks for cameras on a circle around the vertical axis."""

    count: int
    elevation_degrees: float = 20.0


@dataclass(frozen=True)
class HammersleyViews:
    """Asks for cameras spread evenly over a sphere."""

    count: int


@dataclass(frozen=True)
class LookAt:
    """Holds a camera's position and the point in the middle of its image, both in the rendered world."""

    position: Triple
    look_at: Triple = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class PosedViews:
    """Asks for cameras at given poses."""

    poses: tuple[LookAt, ...]


Views = FrontView | RingViews | HammersleyViews | PosedViews


@dataclass(frozen=True)
class Lighting:
    """Holds the light's preset (STUDIO, UNIFORM or HDR) and a factor on its strength."""

    preset: str = "STUDIO"
    strength: float = 1.0
    hdr_uri: str = ""


@dataclass(frozen=True)
class EdgeThresholds:
    """Holds the thresholds from which two neighbouring pixels have an edge between them.

    Attributes:
        crease_degrees: angle between two surfaces.
        depth_step: step of depth, as a share of the nearer depth.
    """

    crease_degrees: float = 35.0
    depth_step: float = 0.01


@dataclass(frozen=True)
class RenderSpec:
    """Says how to render; protos/cyclorama/rendering/v1/spec.proto documents every field."""

    preset: str = "STANDARD"
    width: int = 512
    height: int = 512
    samples: int = PRESETS["STANDARD"][0]
    denoising: str = PRESETS["STANDARD"][1]
    seed: int = 0
    views: Views = FrontView()
    field_of_view_degrees: float = DEFAULT_FIELD_OF_VIEW
    framing_margin: float = 0.08
    background: str = "TRANSPARENT"
    lighting: Lighting = field(default_factory=Lighting)
    normal_space: str = "CAMERA"
    normal_convention: str = "OPENGL"
    edges: EdgeThresholds = field(default_factory=EdgeThresholds)
    modalities: tuple[str, ...] = MODALITIES
    raw_outputs: tuple[str, ...] = ()
    object_scale: str = "METRIC"

    @classmethod
    def from_json(cls, message: Json) -> RenderSpec:
        """Reads protobuf JSON of a resolved spec. Fields that it leaves out get their zero or our default."""
        lighting, edges = message.get("lighting", {}), message.get("edges", {})
        default = defaults(_short(message, "preset", "RENDER_PRESET_", "STANDARD"))
        return cls(
            preset=default.preset,
            width=int(message.get("width", default.width)),
            height=int(message.get("height", default.height)),
            samples=int(message.get("samples", default.samples)),
            denoising=_short(message, "denoising", "DENOISING_", default.denoising),
            seed=int(message.get("seed", 0)),
            views=_views(message.get("views", {})),
            field_of_view_degrees=float(message.get("fieldOfViewDegrees", DEFAULT_FIELD_OF_VIEW)),
            framing_margin=float(message.get("framingMargin", default.framing_margin)),
            background=_short(message, "background", "BACKGROUND_", default.background),
            lighting=Lighting(
                preset=_short(lighting, "preset", "LIGHTING_PRESET_", "STUDIO"),
                strength=float(lighting.get("strength", 1.0)),
                hdr_uri=lighting.get("hdrUri", ""),
            ),
            normal_space=_short(message, "normalSpace", "NORMAL_SPACE_", default.normal_space),
            normal_convention=_short(message, "normalConvention", "NORMAL_CONVENTION_", default.normal_convention),
            edges=EdgeThresholds(
                crease_degrees=float(edges.get("creaseDegrees", default.edges.crease_degrees)),
                depth_step=float(edges.get("depthStep", default.edges.depth_step)),
            ),
            modalities=_short_names(message.get("modalities", []), "MODALITY_") or MODALITIES,
            raw_outputs=_short_names(message.get("rawOutputs", []), "RAW_OUTPUT_"),
            object_scale=_short(message, "objectScale", "OBJECT_SCALE_", default.object_scale),
        )


def defaults(preset: str = "STANDARD", **changes: Any) -> RenderSpec:
    """Returns the spec of a preset with `changes`; every other field has its default."""
    samples, denoising = PRESETS[preset]
    return RenderSpec(**{"preset": preset, "samples": samples, "denoising": denoising, **changes})


def _short(message: Json, name: str, prefix: str, default: str) -> str:
    return _without(message[name], prefix) if name in message else default


def _short_names(values: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(_without(value, prefix) for value in values)


def _without(value: str, prefix: str) -> str:
    if not value.startswith(prefix):
        raise ValueError(f"enum value {value!r}; expected a name that starts with {prefix}")
    return value.removeprefix(prefix)


def _views(message: Json) -> Views:
    if "ring" in message:
        ring = message["ring"]
        return RingViews(int(ring["count"]), float(ring.get("elevationDegrees", RingViews.elevation_degrees)))
    if "hammersley" in message:
        return HammersleyViews(int(message["hammersley"]["count"]))
    if "posed" in message:
        poses = message["posed"].get("poses", [])
        return PosedViews(
            tuple(LookAt(parse_triple(pose.get("position")), parse_triple(pose.get("lookAt"))) for pose in poses)
        )
    return FrontView()


def parse_triple(point: Json | None) -> Triple:
    """Reads a Vector3. Protobuf JSON leaves out its zeros."""
    point = point or {}
    return (float(point.get("x", 0.0)), float(point.get("y", 0.0)), float(point.get("z", 0.0)))
