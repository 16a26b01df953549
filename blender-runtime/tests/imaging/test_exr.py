"""EXR files read back as they were written, and damaged files are refused by name."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from cyclorama_blender.imaging import exr
from cyclorama_blender.protocol.failure import RuntimeFailure


def noise(height: int, width: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    return {
        "VL.Depth.Z": random.random((height, width), np.float32) * 1e10,
        "VL.Combined.A": np.ones((height, width), np.float32),
        "Odd": np.arange(height * width, dtype=np.float32).reshape(height, width),
    }


@pytest.mark.parametrize("height, width", [(1, 1), (16, 16), (17, 5), (40, 33)])
def test_what_is_written_comes_back_bit_by_bit(tmp_path: Path, height: int, width: int) -> None:
    channels = noise(height, width)
    exr.write_exr(tmp_path / "a.exr", channels)
    back = exr.read_exr(tmp_path / "a.exr")
    assert sorted(back) == sorted(channels)
    for name, image in channels.items():
        np.testing.assert_array_equal(back[name], image)
        assert back[name].dtype == np.float32


def test_only_the_wanted_channels_are_kept(tmp_path: Path) -> None:
    exr.write_exr(tmp_path / "a.exr", noise(20, 20))
    assert list(exr.read_exr(tmp_path / "a.exr", lambda name: name.startswith("VL.D"))) == ["VL.Depth.Z"]


def test_infinite_values_survive(tmp_path: Path) -> None:
    depth = np.array([[1.0, np.inf], [2.5, np.nan]], np.float32)
    exr.write_exr(tmp_path / "a.exr", {"Z": depth})
    np.testing.assert_array_equal(exr.read_exr(tmp_path / "a.exr")["Z"], depth)


def plain_file(kind: int, pixels: bytes, compression: int = 0, flags: int = 0) -> bytes:
    """Returns a hand-written file of two pixels in one line, since reader and writer might share one mistake."""
    window = struct.pack("<4i", 3, 4, 4, 4)
    content = struct.pack("<iI", 20000630, 2 | flags)
    for name, form, value in (
        (b"channels", b"chlist", b"Y\0" + struct.pack("<iIii", kind, 0, 1, 1) + b"\0"),
        (b"compression", b"compression", bytes([compression])),
        (b"dataWindow", b"box2i", window),
    ):
        content += name + b"\0" + form + b"\0" + struct.pack("<I", len(value)) + value
    content += b"\0"
    return content + struct.pack("<Qii", len(content) + 8, 4, len(pixels)) + pixels


@pytest.mark.parametrize("kind, form", [(0, "<2I"), (1, "<2e"), (2, "<2f")])
def test_integers_halves_and_floats_are_read(tmp_path: Path, kind: int, form: str) -> None:
    (tmp_path / "a.exr").write_bytes(plain_file(kind, struct.pack(form, 3, 7)))
    np.testing.assert_array_equal(exr.read_exr(tmp_path / "a.exr")["Y"], [[3, 7]])


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_uncompressed_lines_are_read_in_whatever_order_they_lie(tmp_path: Path, order: list[int]) -> None:
    window = struct.pack("<4i", 0, 5, 1, 7)
    content = struct.pack("<iI", 20000630, 2)
    for name, form, value in (
        (b"channels", b"chlist", b"Y\0" + struct.pack("<iIii", 2, 0, 1, 1) + b"\0"),
        (b"compression", b"compression", b"\0"),
        (b"dataWindow", b"box2i", window),
    ):
        content += name + b"\0" + form + b"\0" + struct.pack("<I", len(value)) + value
    content += b"\0"
    start = len(content) + 3 * 8
    content += struct.pack("<3Q", *(start + 16 * order.index(line) for line in range(3)))
    content += b"".join(struct.pack("<ii2f", 5 + line, 8, line, line + 0.5) for line in order)
    (tmp_path / "a.exr").write_bytes(content)
    np.testing.assert_array_equal(exr.read_exr(tmp_path / "a.exr")["Y"], [[0, 0.5], [1, 1.5], [2, 2.5]])


good = plain_file(2, struct.pack("<2f", 3, 7))


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "no EXR"),
        (b"\x89PNG\r\n\x1a\n0000", "does not begin"),
        (good[:60], "no EXR"),
        (good[:-3], "smaller than requested"),
        (plain_file(2, b"12345678", compression=3)[:-3], "incorrect header check"),
        (plain_file(2, b"12345678", compression=4), "compression 4"),
        (plain_file(2, b"12345678", flags=0x1000), "flags 0x1000"),
        (plain_file(9, b"12345678"), "has type 9"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_invalid_render(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.exr").write_bytes(content)
    with pytest.raises(RuntimeFailure, match=says) as caught:
        exr.read_exr(tmp_path / "a.exr")
    assert caught.value.reason == "invalid_render"


def test_a_missing_file_is_an_invalid_render(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match=r"'a\.exr' is missing"):
        exr.read_exr(tmp_path / "a.exr")
