"""PNG files are read correctly by another program: Blender's own loader."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from cyclorama_blender.imaging import png

FILTERS = ["none", "up"]
SHAPES = [(1, 1), (9, 7), (7, 9, 3), (5, 8, 4)]


def picture(shape: tuple[int, ...], kind: type) -> np.ndarray:
    random = np.random.default_rng(5)
    return random.integers(0, np.iinfo(kind).max, shape, kind, endpoint=True)


def as_blender_reads(path: Path) -> np.ndarray:
    """Returns RGBA (H, W, 4) from the top, 0 to 1, as stored."""
    import bpy

    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    image.alpha_mode = "CHANNEL_PACKED"
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    width, height = image.size
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]


@pytest.mark.usefixtures("empty_scene")
@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", SHAPES)
def test_blender_reads_what_was_written(tmp_path: Path, filter_name: str, kind: type, shape) -> None:
    image = picture(shape, kind)
    png.write_png(tmp_path / "a.png", image, filter_name, 6, srgb=False)
    read = as_blender_reads(tmp_path / "a.png")
    channels = 3 if image.ndim == 2 else min(3, image.shape[2])
    expected = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
    largest = np.iinfo(kind).max
    np.testing.assert_allclose(read[..., :channels], expected[..., :channels] / largest, atol=0.4 / largest + 1e-7)
    if image.ndim == 3 and image.shape[2] == 4:
        np.testing.assert_allclose(read[..., 3], image[..., 3] / largest, atol=0.4 / largest + 1e-7)


def chunks(content: bytes) -> dict[str, bytes]:
    at, found = 8, {}
    while at < len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        body = content[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", content, at + 8 + size)[0] == zlib.crc32(kind + body)
        found[kind.decode()] = body
        at += 12 + size
    return found


def test_colours_say_that_they_are_srgb_and_numbers_say_nothing() -> None:
    image = picture((4, 4, 3), np.uint8)
    assert list(chunks(png.encode_png(image, "up", 6, srgb=True))) == ["IHDR", "sRGB", "IDAT", "IEND"]
    assert list(chunks(png.encode_png(image, "up", 6, srgb=False))) == ["IHDR", "IDAT", "IEND"]


@pytest.mark.parametrize(
    ("shape", "kind", "bits", "colour_type"),
    [((2, 3), np.uint8, 8, 0), ((2, 3), np.uint16, 16, 0), ((2, 3, 3), np.uint8, 8, 2), ((2, 3, 4), np.uint8, 8, 6)],
)
def test_the_header_says_size_bits_and_colours(shape, kind: type, bits: int, colour_type: int) -> None:
    header = chunks(png.encode_png(picture(shape, kind), "none", 6, srgb=False))["IHDR"]
    assert struct.unpack(">IIBBBBB", header) == (3, 2, bits, colour_type, 0, 0, 0)


def test_an_image_of_other_channels_is_a_defect() -> None:
    with pytest.raises(KeyError):
        png.encode_png(picture((2, 2, 2), np.uint8), "none", 6, srgb=False)


def test_a_view_of_an_array_is_written_as_it_looks() -> None:
    image = picture((6, 5, 3), np.uint8)
    flipped = png.encode_png(image[::-1, ::-1], "up", 6, srgb=False)
    assert flipped == png.encode_png(image[::-1, ::-1].copy(), "up", 6, srgb=False)
