"""The exercises' JSON agrees with the exercise byte for byte, except for its numbers."""

from __future__ import annotations

import pytest

from cyclorama_blender.report import error_report, inspection_report, print_report, validation_report

FOUND = {
    "vertices": "507",
    "faces": "500",
    "triangles": "0",
    "quads": "500",
    "ngons": "0",
    "meshObjects": "1",
    "materialNames": ["Fur"],
    "boundsMin": {"x": -1.365, "y": -0.98, "z": -0.77},
    "boundsMax": {"x": 1.365, "y": 0.98, "z": 0.77},
}

EXERCISE_1 = """{
  "filename": "monkey.obj",
  "geometry": {
    "vertices": 507,
    "faces": 500
  },
  "topology": {
    "triangles": 0,
    "quads": 500,
    "ngons": 0
  },
  "dimensions": {
    "x": 2.73,
    "y": 1.96,
    "z": 1.54
  }
}
"""


def test_an_inspection_is_exercise_1s():
    assert print_report(inspection_report("monkey.obj", FOUND)) == EXERCISE_1


def test_a_validation_is_exercise_4s_with_more_inside_stats():
    report = validation_report("assets/monkey.glb", FOUND)
    assert list(report) == ["file", "status", "stats"]
    assert list(report["stats"])[:3] == ["vertices", "faces", "dimensions"]
    assert report["stats"]["materials"] == ["Fur"]
    assert "warnings" not in report["stats"]
    assert validation_report("a.glb", FOUND, ("a warning",))["stats"]["warnings"] == ["a warning"]


def test_an_error_is_exercise_4s_with_the_reason_after_it():
    report = error_report("assets/broken_file.glb", "import_failed", "Invalid header.")
    assert list(report) == ["file", "status", "error_message", "reason"]


EXTENTS = [(0.1 + 0.2, 0.3), (1 / 3, 0.333333), (1e-7, 0.0), (1 / 128, 0.007813), (1e12, 1e12), (3e38, 3e38)]


@pytest.mark.parametrize(("extent", "reported"), EXTENTS)
def test_dimensions_have_six_decimals(extent: float, reported: float):
    found = {**FOUND, "boundsMin": {"x": 0, "y": 0, "z": 0}, "boundsMax": {"x": extent, "y": 0, "z": 0}}
    assert inspection_report("a.glb", found)["dimensions"] == {"x": reported, "y": 0.0, "z": 0.0}


def test_an_asset_without_vertices_has_no_extent():
    found = {name: value for name, value in FOUND.items() if not name.startswith("bounds")}
    assert inspection_report("a.glb", found)["dimensions"] == {"x": 0.0, "y": 0.0, "z": 0.0}


def test_names_stay_as_they_are():
    assert '"Stuhl, größer"' in print_report(error_report("Stuhl, größer", "internal", ""))


def test_a_report_can_be_written_whatever_a_file_is_named():
    text = print_report(error_report("caf\udce9.glb", "internal", ""))
    assert '"caf\ufffd.glb"' in text.encode().decode()
