"""Reads and writes OpenEXR files of one part with scan lines, as Blender writes them, with only numpy and zlib.

Format: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cyclorama_blender.protocol.failure import RuntimeFailure

Image = NDArray[np.float32]

MAX_SIDE = 16384
_MAGIC = 20000630
_LONG_NAMES = 0x400
_TYPES = {0: np.dtype("<u4"), 1: np.dtype("<f2"), 2: np.dtype("<f4")}
_NONE, _ZIPS, _ZIP = 0, 2, 3
_LINES_A_BLOCK = {_NONE: 1, _ZIPS: 1, _ZIP: 16}


@dataclass(frozen=True)
class _Header:
    channels: list[tuple[str, np.dtype]]
    compression: int
    left: int
    top: int
    width: int
    height: int
    end: int


def read_exr(path: Path, wanted: Callable[[str], bool] | None = None) -> dict[str, Image]:
    """Reads the channels of an EXR, each (H, W) float32, by their full name such as `VL.Depth.Z`.

    Args:
        path: one part, scan lines, uncompressed, ZIPS or ZIP; channels of half, float or unsigned integers.
        wanted: returns for a channel's name whether to keep it; None keeps all.

    Raises:
        RuntimeFailure: `invalid_render`, the file is missing, damaged or of another kind.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise RuntimeFailure("invalid_render", f"the render '{path.name}' is missing") from error
    try:
        header = _read_header(content)
        return _read_blocks(content, header, wanted or (lambda _name: True))
    except (ValueError, IndexError, KeyError, struct.error, zlib.error) as error:
        raise RuntimeFailure("invalid_render", f"the render '{path.name}' is no EXR that we read: {error}") from error


def _read_header(content: bytes) -> _Header:
    magic, version = struct.unpack_from("<iI", content)
    if magic != _MAGIC or version & 0xFF != 2:
        raise ValueError("it does not begin as an EXR of version 2")
    if version & ~0xFF & ~_LONG_NAMES:
        raise ValueError(f"flags {version & ~0xFF:#x}; expected one part of scan lines")
    attributes: dict[str, bytes] = {}
    at = 8
    while content[at] != 0:
        name, at = _text(content, at)
        _kind, at = _text(content, at)
        (size,) = struct.unpack_from("<I", content, at)
        attributes[name] = content[at + 4 : at + 4 + size]
        at += 4 + size
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    width, height = right - left + 1, bottom - top + 1
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"{width} x {height} pixels; expected 1 to {MAX_SIDE} a side")
    compression = attributes["compression"][0]
    if compression not in _LINES_A_BLOCK:
        raise ValueError(f"compression {compression}; expected none, ZIPS or ZIP")
    return _Header(_channels(attributes["channels"]), compression, left, top, width, height, at + 1)


def _text(content: bytes, at: int) -> tuple[str, int]:
    end = content.index(b"\0", at)
    return content[at:end].decode("utf-8", "replace"), end + 1


def _channels(attribute: bytes) -> list[tuple[str, np.dtype]]:
    channels = []
    at = 0
    while attribute[at] != 0:
        name, at = _text(attribute, at)
        kind, _linear, x_sampling, y_sampling = struct.unpack_from("<iB3xii", attribute, at)
        if kind not in _TYPES or (x_sampling, y_sampling) != (1, 1):
            raise ValueError(f"channel '{name}' has type {kind}, sampling {x_sampling} x {y_sampling}")
        channels.append((name, _TYPES[kind]))
        at += 16
    return channels


def _read_blocks(content: bytes, header: _Header, wanted: Callable[[str], bool]) -> dict[str, Image]:
    width, height = header.width, header.height
    lines_a_block = _LINES_A_BLOCK[header.compression]
    line_bytes = width * sum(kind.itemsize for _name, kind in header.channels)
    images = {name: np.empty((height, width), np.float32) for name, _kind in header.channels if wanted(name)}
    offsets = struct.unpack_from(f"<{-(-height // lines_a_block)}Q", content, header.end)
    if header.compression == _NONE and _is_even(content, header, offsets, line_bytes):
        blocks = np.frombuffer(content, np.uint8, height * (8 + line_bytes), offsets[0]).reshape(height, -1)
        _take(images, header, slice(0, height), blocks[:, 8:])
        return images
    for offset in offsets:
        y, size = struct.unpack_from("<ii", content, offset)
        first = y - header.top
        if first % lines_a_block or not 0 <= first < height:
            raise ValueError(f"a block begins at line {y}")
        lines = min(lines_a_block, height - first)
        packed = memoryview(content)[offset + 8 : offset + 8 + size]
        raw = _unpack(packed, lines * line_bytes, header.compression).reshape(lines, line_bytes)
        _take(images, header, slice(first, first + lines), raw)
    return images


def _is_even(content: bytes, header: _Header, offsets: tuple[int, ...], line_bytes: int) -> bool:
    """Returns whether uncompressed lines follow each other from the top, so that they can be read all at once."""
    if any(after - before != 8 + line_bytes for before, after in itertools.pairwise(offsets)):
        return False
    numbers = (struct.unpack_from("<ii", content, offset) for offset in offsets)
    return all(found == (header.top + at, line_bytes) for at, found in enumerate(numbers))


def _take(images: dict[str, Image], header: _Header, rows: slice, raw: NDArray[np.uint8]) -> None:
    at = 0
    for name, kind in header.channels:
        end = at + header.width * kind.itemsize
        if name in images:
            images[name][rows] = raw[:, at:end].view(kind)
        at = end


def _unpack(packed: memoryview, size: int, compression: int) -> NDArray[np.uint8]:
    # A block that compression would not shrink is stored uncompressed.
    if compression == _NONE or len(packed) == size:
        raw = np.frombuffer(packed, np.uint8)
    else:
        raw = _undo_predictor(np.frombuffer(zlib.decompressobj().decompress(packed, size), np.uint8))
    if raw.size != size:
        raise ValueError(f"a block has {raw.size} bytes; expected {size}")
    return raw


def _undo_predictor(coded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Each byte is the difference to the one before, plus 128. The pixels' even bytes come first, then the odd ones.
    values = np.cumsum(coded, dtype=np.uint8)
    values[1::2] ^= 128
    raw = np.empty_like(values)
    half = (raw.size + 1) // 2
    raw[0::2] = values[:half]
    raw[1::2] = values[half:]
    return raw


def _do_predictor(raw: NDArray[np.uint8]) -> bytes:
    values = np.concatenate((raw[0::2], raw[1::2]))
    values[1:] = np.diff(values) + np.uint8(128)
    return values.tobytes()


def write_exr(path: Path, channels: dict[str, Image], level: int = 4) -> None:
    """Writes channels, each (H, W), as 32-bit floats in ZIP blocks."""
    names = sorted(channels)
    height, width = channels[names[0]].shape
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    described = b"".join(name.encode() + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in names) + b"\0"
    header = struct.pack("<iI", _MAGIC, 2)
    for name, kind, value in (
        ("channels", "chlist", described),
        ("compression", "compression", bytes([_ZIP])),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
    ):
        header += name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value
    header += b"\0"
    blocks = []
    lines = _LINES_A_BLOCK[_ZIP]
    for first in range(0, height, lines):
        planes = [np.asarray(channels[name][first : first + lines], "<f4") for name in names]
        raw = np.ascontiguousarray(np.stack(planes, axis=1)).view(np.uint8).ravel()
        packed = zlib.compress(_do_predictor(raw), level)
        body = packed if len(packed) < raw.size else raw.tobytes()
        blocks.append(struct.pack("<ii", first, len(body)) + body)
    at = len(header) + 8 * len(blocks)
    offsets = []
    for block in blocks:
        offsets.append(at)
        at += len(block)
    path.write_bytes(header + struct.pack(f"<{len(offsets)}Q", *offsets) + b"".join(blocks))
