"""Images that are not good enough for a dataset fail a check; images that are only odd bring a warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analytic import ball, front_eye

from cyclorama_blender.imaging import checks
from cyclorama_blender.imaging.checks import Findings, Shortfall
from cyclorama_blender.imaging.passes import Passes


@pytest.fixture
def good() -> Passes:
    return ball(front_eye(3.5, 128)).passes()


def check(passes: Passes, border: int = 2) -> Findings:
    normals = np.stack(passes.normal, axis=-1)
    return checks.check_view("view_003", passes, passes.mask, normals, border)


def reasons(found: Findings) -> list[str]:
    return [shortfall.reason for shortfall in found.shortfalls]


def test_a_good_view_has_nothing_to_say(good: Passes) -> None:
    assert check(good) == Findings()


def test_a_view_of_nothing_is_blank(good: Passes) -> None:
    nothing = np.zeros_like(good.depth)
    found = check(replace(good, depth=np.full_like(good.depth, 1e10), alpha=nothing, rgb=(nothing,) * 3))
    assert reasons(found) == ["blank_render"]
    assert found.shortfalls[0].message.startswith("view_003: the object covers 0.0000% of the image")
    assert found.shortfalls[0].view == "view_003"


@pytest.mark.parametrize(("pixels", "expected"), [(1, ["blank_render"]), (2, [])])
def test_one_pixel_in_ten_thousand_is_no_longer_blank(good: Passes, pixels: int, expected: list[str]) -> None:
    depth = np.full_like(good.depth, 1e10)
    depth[64, 64 : 64 + pixels] = 3
    assert reasons(check(replace(good, depth=depth))) == expected


def test_an_object_that_is_transparent_all_over_is_blank(good: Passes) -> None:
    found = check(replace(good, alpha=np.zeros_like(good.alpha)))
    assert reasons(found) == ["blank_render"]
    assert "transparent" in found.shortfalls[0].message


@pytest.mark.parametrize(("light", "colour"), [(2e-11, "is black"), (1.5e-4, "is black"), (1.6e-4, "has one colour")])
def test_an_object_that_is_black_all_over_is_worth_a_warning_alone(good: Passes, light: float, colour: str) -> None:
    found = check(replace(good, rgb=(good.alpha * np.float32(light),) * 3))
    assert found.shortfalls == ()
    assert [warning.startswith(f"view_003: the object {colour} all over") for warning in found.warnings] == [True]


@pytest.mark.parametrize(("light", "colour"), [(0.0, "black"), (0.4, "one colour")])
def test_one_colour_that_fills_the_image_is_blank(good: Passes, light: float, colour: str) -> None:
    full = np.full(good.alpha.shape, 1, np.float32)
    facing = (full * 0, -full, full * 0)
    within = Passes((full * np.float32(light),) * 3, full, full * 2, facing, None)
    found = check(within, border=0)
    assert reasons(found) == ["blank_render"]
    assert f"{colour} fills the image" in found.shortfalls[0].message


def noise_of_denoising(shape: tuple[int, ...]) -> np.ndarray:
    """Returns noise that is a fraction of a step at most pixels, and many steps at a few beside the outline."""
    random = np.random.default_rng(3)
    return np.float32(random.normal(0, 5e-4, shape) + random.normal(0, 0.1, shape) * (random.random(shape) < 0.02))


def test_an_object_of_one_colour_is_worth_a_warning_alone(good: Passes) -> None:
    for noise in (np.float32(0), noise_of_denoising(good.alpha.shape)):
        found = check(replace(good, rgb=(good.alpha * (np.float32(0.8) + noise),) * 3))
        assert found.shortfalls == ()
        assert len(found.warnings) == 1
        assert "one colour" in found.warnings[0]


def test_a_decal_on_one_colour_is_no_one_colour(good: Passes) -> None:
    light = good.alpha * np.float32(0.8)
    rows, columns = np.nonzero(good.mask)
    light[rows[: len(rows) // 10], columns[: len(rows) // 10]] *= np.float32(0.9)
    assert check(replace(good, rgb=(light,) * 3)) == Findings()


@pytest.mark.parametrize(("brightest", "share"), [(1.32, None), (1.34, "27%"), (1.5, "43%")])
def test_over_exposure_of_a_quarter_is_worth_a_warning_that_names_its_share(
    good: Passes, brightest: float, share: str | None
) -> None:
    light = good.alpha * np.linspace(0.5, brightest, 128, dtype=np.float32)
    found = check(replace(good, rgb=(light, good.alpha * np.float32(0.1), good.alpha * np.float32(0.1))))
    assert found.shortfalls == ()
    said = [warning.partition(" of the object is over-exposed")[0] for warning in found.warnings]
    assert said == ([f"view_003: {share}"] if share else [])


def test_plain_white_is_no_over_exposure(good: Passes) -> None:
    light = good.alpha * (1 + np.linspace(-0.5, 0.03, 128, dtype=np.float32).clip(-0.2))
    assert check(replace(good, rgb=(light,) * 3)) == Findings()


@pytest.mark.parametrize(
    ("where", "side"), [((0, 64), "top"), ((126, 64), "bottom"), ((64, 1), "left"), ((64, 127), "right")]
)
@pytest.mark.parametrize("seen_by", ["alpha", "depth"])
def test_an_object_at_the_border_is_cropped(good: Passes, where: tuple[int, int], side: str, seen_by: str) -> None:
    alpha, depth = good.alpha.copy(), good.depth.copy()
    normal = tuple(plane.copy() for plane in good.normal)
    if seen_by == "alpha":
        alpha[where] = 0.5
    else:
        depth[where] = 3
        normal[0][where] = 1
    touching = replace(good, alpha=alpha, depth=depth, normal=normal)
    found = check(touching)
    assert reasons(found) == ["cropped"]
    assert f"touches the {side} border" in found.shortfalls[0].message
    assert reasons(check(touching, border=0)) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 0.0, -1.0])
def test_depth_that_is_no_depth_is_an_invalid_render(good: Passes, value: float) -> None:
    depth = good.depth.copy()
    depth[64, 64] = value
    assert reasons(check(replace(good, depth=depth))) == ["invalid_render"]


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_normals_that_are_not_unit_are_an_invalid_render(good: Passes, value: float) -> None:
    normal = tuple(plane.copy() for plane in good.normal)
    for plane in normal:
        plane[64, 64] = value * 0.5
    assert reasons(check(replace(good, normal=normal))) == ["invalid_render"]


def test_light_that_is_not_finite_is_worth_a_warning(good: Passes) -> None:
    light = good.rgb[0].copy()
    light[64, 64] = np.nan
    found = check(replace(good, rgb=(light, good.rgb[1], good.rgb[2])))
    assert found.shortfalls == ()
    assert found.warnings == ("view_003: 1 values of the lit image are not finite; they are drawn black or white",)


@pytest.mark.parametrize(("share", "count"), [(0.019, 0), (0.021, 1)])
@pytest.mark.parametrize("alpha_there", [True, False])
def test_alpha_and_depth_that_disagree_by_one_in_fifty_are_worth_a_warning(
    good: Passes, share: float, count: int, alpha_there: bool
) -> None:
    alpha = good.alpha.copy()
    rows, columns = np.nonzero((alpha > 0.99) if not alpha_there else (alpha < 0.01) & ~good.mask)
    # At the borders it would be cropped.
    inside = (rows > 4) & (rows < 123) & (columns > 4) & (columns < 123)
    changed = round(share * np.count_nonzero(good.mask))
    alpha[rows[inside][:changed], columns[inside][:changed]] = 1 if alpha_there else 0
    found = check(replace(good, alpha=alpha))
    assert found.shortfalls == ()
    assert sum("disagree" in warning for warning in found.warnings) == count


def test_the_worst_shortfall_comes_first() -> None:
    found = [Shortfall(reason, "", "") for reason in ("cropped", "blank_render", "invalid_render", "cropped")]
    assert [shortfall.reason for shortfall in checks.worst_first(found)] == [
        "invalid_render",
        "blank_render",
        "cropped",
        "cropped",
    ]


@pytest.mark.parametrize(
    ("margin", "size", "free"),
    [(0.08, (512, 512), 2), (0.08, (512, 16), 0), (0.08, (60, 60), 1), (0.0, (4096, 4096), 0), (0.5, (16, 16), 2)],
)
def test_the_border_that_must_be_free_is_no_wider_than_the_margin(
    margin: float, size: tuple[int, int], free: int
) -> None:
    assert checks.free_border(margin, *size) == free
