"""The contact sheet's strip shows small images side by side."""

from __future__ import annotations

import numpy as np
import pytest

from cyclorama_blender.imaging import thumbnail

SIDE = thumbnail.SIDE


def tile(image: np.ndarray, modality: str = "TEXTURED") -> np.ndarray:
    return thumbnail.strip({modality: image})


def test_tiles_stand_side_by_side_in_order() -> None:
    black, grey = (np.full((SIDE, SIDE), value, np.uint8) for value in (0, 90))
    found = thumbnail.strip({"DEPTH": black, "NORMAL": grey})
    assert found.shape == (SIDE, 2 * SIDE, 3)
    assert (found[:, :SIDE] == 0).all() and (found[:, SIDE:] == 90).all()


def test_what_is_transparent_is_laid_over_white() -> None:
    image = np.zeros((2 * SIDE, 2 * SIDE, 4), np.uint8)
    image[..., 0], image[..., 3] = 200, 51
    assert (tile(image) == (244, 204, 204)).all()


@pytest.mark.parametrize("size", [(SIDE // 4, SIDE // 2), (SIDE, 2 * SIDE)])
def test_an_image_that_is_no_square_lies_in_the_middle_of_white(size: tuple[int, int]) -> None:
    found = tile(np.full((*size, 3), 7, np.uint8))
    rows = np.flatnonzero((found == 7).all(axis=(1, 2)))
    assert rows.tolist() == list(range(SIDE // 4, 3 * SIDE // 4))
    assert (np.delete(found, rows, axis=0) == 255).all()


def test_pixels_are_averaged() -> None:
    image = np.tile(np.array([[0, 100], [200, 60]], np.uint8), (SIDE, SIDE))
    assert (tile(image) == 90).all()


@pytest.mark.parametrize(("scale", "modality", "grey"), [(4, "EDGE", 0), (4, "NORMAL", 191), (5, "EDGE", 51)])
def test_thin_lines_alone_stay_as_dark_as_they_were_up_to_a_quarter_of_the_size(
    scale: int, modality: str, grey: int
) -> None:
    image = np.full((scale * SIDE, scale * SIDE), 255, np.uint8)
    image[40 * scale] = 0
    found = tile(image, modality)
    assert found[40].tolist() == [[grey] * 3] * SIDE
    assert (np.delete(found, 40, axis=0) == 255).all()
