"""Python reads the spec from protobuf JSON."""

from __future__ import annotations

import math

import pytest

from cyclorama_blender.protocol.render_spec import (
    PRESETS,
    FrontView,
    HammersleyViews,
    LookAt,
    PosedViews,
    RenderSpec,
    RingViews,
    defaults,
)

RESOLVED = {
    "preset": "RENDER_PRESET_TRAINING",
    "width": 640,
    "height": 480,
    "samples": 32,
    "denoising": "DENOISING_ACCURATE",
    "seed": 7,
    "views": {"ring": {"count": 8, "elevationDegrees": 0}},
    "fieldOfViewDegrees": 60,
    "framingMargin": 0,
    "background": "BACKGROUND_WHITE",
    "lighting": {"preset": "LIGHTING_PRESET_HDR", "hdrUri": "s3://b/sky.hdr", "strength": 2.5},
    "normalSpace": "NORMAL_SPACE_WORLD",
    "normalConvention": "NORMAL_CONVENTION_OPENCV",
    "edges": {"creaseDegrees": 45, "depthStep": 0.02},
    "modalities": ["MODALITY_DEPTH", "MODALITY_EDGE"],
    "rawOutputs": ["RAW_OUTPUT_DEPTH_EXR"],
    "objectScale": "OBJECT_SCALE_UNIT",
}


def test_every_field_of_a_resolved_spec_is_read() -> None:
    spec = RenderSpec.from_json(RESOLVED)
    assert (spec.preset, spec.width, spec.height, spec.samples, spec.seed) == ("TRAINING", 640, 480, 32, 7)
    assert (spec.denoising, spec.background, spec.object_scale) == ("ACCURATE", "WHITE", "UNIT")
    assert (spec.field_of_view_degrees, spec.framing_margin) == (60, 0)
    assert (spec.lighting.preset, spec.lighting.hdr_uri, spec.lighting.strength) == ("HDR", "s3://b/sky.hdr", 2.5)
    assert (spec.normal_space, spec.normal_convention) == ("WORLD", "OPENCV")
    assert (spec.edges.crease_degrees, spec.edges.depth_step) == (45, 0.02)
    assert (spec.modalities, spec.raw_outputs) == (("DEPTH", "EDGE"), ("DEPTH_EXR",))
    assert spec.views == RingViews(8, 0.0)


def test_what_protobuf_json_leaves_out_is_the_default() -> None:
    assert RenderSpec.from_json({}) == defaults()
    assert RenderSpec.from_json({"preset": "RENDER_PRESET_DRAFT"}) == defaults("DRAFT")


def test_a_preset_is_samples_and_denoising() -> None:
    for preset, (samples, denoising) in PRESETS.items():
        assert (defaults(preset).samples, defaults(preset).denoising) == (samples, denoising)


def test_the_default_lens_is_50_mm_on_36_mm() -> None:
    assert defaults().field_of_view_degrees == pytest.approx(math.degrees(2 * math.atan(18 / 50)))


@pytest.mark.parametrize(
    ("message", "views"),
    [
        ({}, FrontView()),
        ({"front": {}}, FrontView()),
        ({"ring": {"count": 3}}, RingViews(3, 20.0)),
        ({"hammersley": {"count": 5}}, HammersleyViews(5)),
        ({"posed": {"poses": [{"position": {"y": -2}}]}}, PosedViews((LookAt((0.0, -2.0, 0.0)),))),
        (
            {"posed": {"poses": [{"position": {"x": 1}, "lookAt": {"z": 3}}]}},
            PosedViews((LookAt((1.0, 0.0, 0.0), (0.0, 0.0, 3.0)),)),
        ),
    ],
)
def test_each_arrangement_of_views_is_read(message: dict, views: object) -> None:
    assert RenderSpec.from_json({"views": message}).views == views


def test_a_name_that_is_not_of_its_enum_is_refused() -> None:
    with pytest.raises(ValueError, match="BACKGROUND_"):
        RenderSpec.from_json({"background": "WHITE"})
