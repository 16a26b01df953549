"""Reads Rendering and RenderSource of cyclorama.blender.v1: the rendered views, and the asset that they show."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cyclorama_blender.maths.camera import Numbers
from cyclorama_blender.protocol.contract import Json
from cyclorama_blender.protocol.render_spec import Triple, parse_triple


@dataclass(frozen=True)
class RenderedBox:
    """Holds the least and the greatest corner of an axis-aligned box."""

    low: Triple
    high: Triple


@dataclass(frozen=True)
class RenderedView:
    """Holds one rendered view. The pose is world from camera (4, 4) in Blender's axes."""

    name: str
    file: str
    pose: Numbers
    look_at: Triple
    framed: bool
    render_seconds: float


@dataclass(frozen=True)
class Rendering:
    """Holds Blender's rendering, for which rendered point = scale * (asset point + translation)."""

    views: tuple[RenderedView, ...]
    box: RenderedBox
    asset_box: RenderedBox
    translation: Triple
    scale: float
    frame: float
    focal_length_mm: float
    sensor_width_mm: float
    device: str
    blender_version: str
    stray_vertices: int
    warnings: tuple[str, ...]

    @classmethod
    def from_json(cls, message: Json) -> Rendering:
        """Reads protobuf JSON, which leaves out what is zero or empty."""
        return cls(
            views=tuple(_view(view) for view in message["views"]),
            box=_box(message.get("box", {})),
            asset_box=_box(message.get("assetBox", {})),
            translation=parse_triple(message.get("translation")),
            scale=float(message["scale"]),
            frame=float(message.get("frame", 0.0)),
            focal_length_mm=float(message["focalLengthMm"]),
            sensor_width_mm=float(message["sensorWidthMm"]),
            device=message.get("device", ""),
            blender_version=message.get("blenderVersion", ""),
            stray_vertices=int(message.get("strayVertices", 0)),
            warnings=tuple(message.get("warnings", [])),
        )


@dataclass(frozen=True)
class RenderSource:
    """Holds the origin of the asset, and the warnings and stage times from before Blender."""

    file: str = ""
    uri: str = ""
    etag: str = ""
    sha256: str = ""
    size_bytes: int = 0
    cyclorama_version: str = ""
    warnings: tuple[str, ...] = ()
    stage_seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_json(cls, message: Json) -> RenderSource:
        """Reads protobuf JSON, which leaves out what is zero or empty."""
        return cls(
            file=message.get("file", ""),
            uri=message.get("uri", ""),
            etag=message.get("etag", ""),
            sha256=message.get("sha256", ""),
            size_bytes=int(message.get("sizeBytes", 0)),
            cyclorama_version=message.get("cycloramaVersion", ""),
            warnings=tuple(message.get("warnings", [])),
            stage_seconds={name: float(seconds) for name, seconds in message.get("stageSeconds", {}).items()},
        )


def _view(message: Json) -> RenderedView:
    return RenderedView(
        name=message["name"],
        file=message["file"],
        pose=np.array(message["worldFromCamera"], np.float64).reshape(4, 4),
        look_at=parse_triple(message.get("lookAt")),
        framed=bool(message.get("framed", False)),
        render_seconds=float(message.get("renderSeconds", 0.0)),
    )


def _box(message: Json) -> RenderedBox:
    return RenderedBox(parse_triple(message.get("min")), parse_triple(message.get("max")))
