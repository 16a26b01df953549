"""Runs the Python of docs/use/images.md as it stands, on images of a ball whose depth is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from analytic import Seen, ball, derive_op, front_eye, write_passes

from cyclorama_blender.imaging import derive

PAGE = Path(__file__).resolve().parents[2] / "docs/use/images.md"
SCALE = 0.25
"""Units of the rendered world in a metre of the asset."""
TRANSLATION = (3.0, -2.0, 1.0)
EYE = front_eye(3.5, 64)
RAW = ["RAW_OUTPUT_DEPTH_PNG16", "RAW_OUTPUT_DEPTH_EXR"]


@pytest.fixture(scope="module")
def page() -> dict[str, Callable]:
    """Returns the functions of the page."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Callable] = {}
    for block in blocks:
        exec(block, names)
    return names


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of a rendered ball of radius 1 unit, which is 4 metres of the asset."""
    rendered, derived = tmp_path_factory.mktemp("rendered"), tmp_path_factory.mktemp("derived")
    write_passes(rendered / "view_000.exr", ball(EYE).passes())
    op = derive_op({"view_000": EYE})
    op["spec"] = {**op["spec"], "rawOutputs": RAW}
    x, y, z = TRANSLATION
    op["rendering"] = {**op["rendering"], "scale": SCALE, "translation": {"x": x, "y": y, "z": z}}
    derive.derive(op, rendered, derived, lambda _stage: None, with_thumbnail=False)
    return derived


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Returns the ball as it is in closed form."""
    return ball(EYE)


@pytest.mark.parametrize(
    ("arguments", "levels"), [({}, 254), ({"name": "depth_16", "numbers": "png_16"}, 65534)], ids=["8 bits", "16 bits"]
)
def test_a_depth_png_gives_metres_within_half_a_grey_step(
    page: dict[str, Callable], folder: Path, seen: Seen, arguments: dict[str, str], levels: int
) -> None:
    metres = page["read_depth"](folder, **arguments)
    true = seen.depth[seen.mask] / SCALE
    half_step = (true.max() - true.min()) / levels / 2
    assert np.isinf(metres[~seen.mask]).all()
    assert np.abs(metres[seen.mask] - true).max() <= half_step * 1.01


def test_a_depth_exr_gives_metres_exactly(page: dict[str, Callable], folder: Path, seen: Seen) -> None:
    metres = page["read_exact_depth"](folder)
    assert np.isinf(metres[~seen.mask]).all()
    assert np.array_equal(metres[seen.mask], seen.depth[seen.mask] / np.float32(SCALE))


def test_points_lie_on_the_ball_in_the_world_of_the_asset(page: dict[str, Callable], folder: Path) -> None:
    points = page["to_points"](folder, page["read_exact_depth"](folder))
    radii = np.linalg.norm(points + np.array(TRANSLATION), axis=-1)
    assert len(points) > 500
    assert np.allclose(radii, 1 / SCALE, atol=1e-4)
