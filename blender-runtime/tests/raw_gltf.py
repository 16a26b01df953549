"""Reads a binary glTF without Blender and without our code, so that tests can compare."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
Z_UP = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], dtype=float)


class RawGltf:
    """Holds the JSON of a .glb and reads the arrays that it names."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        length = struct.unpack_from("<I", content, 12)[0]
        self.json: dict[str, Any] = json.loads(content[20 : 20 + length])
        self._binary = content[28 + length :]

    def list(self, name: str) -> list[dict[str, Any]]:
        """Returns a list of the JSON, or an empty one if it is absent."""
        return self.json.get(name, [])

    def array(self, accessor: int) -> np.ndarray:
        """Returns (count, width) numbers."""
        about = self.json["accessors"][accessor]
        view = self.json["bufferViews"][about["bufferView"]]
        kind, width = np.dtype(_TYPES[about["componentType"]]), _WIDTHS[about["type"]]
        step = view.get("byteStride", kind.itemsize * width)
        start = view.get("byteOffset", 0) + about.get("byteOffset", 0)
        stored = np.ndarray((about["count"], width), kind, self._binary, start, (step, kind.itemsize))
        if not about.get("normalized"):
            return stored.copy()
        return np.maximum(stored / np.float32(np.iinfo(kind).max), np.float32(-1))

    def bytes_of(self, image: dict[str, Any]) -> bytes:
        """Returns an image's file."""
        view = self.json["bufferViews"][image["bufferView"]]
        start = view.get("byteOffset", 0)
        return self._binary[start : start + view["byteLength"]]

    def mesh(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the vertices of all primitives of a mesh, and its triangles without those that repeat vertices.

        Blender's importer drops a triangle that has the vertices of an earlier one.
        """
        points, triangles = [np.empty((0, 3), np.float32)], []
        seen: set[tuple[int, ...]] = set()
        for primitive in self.json["meshes"][index]["primitives"]:
            offset = sum(map(len, points))
            points.append(self.array(primitive["attributes"]["POSITION"]))
            corners = self.array(primitive["indices"]) if "indices" in primitive else np.arange(len(points[-1]))
            for triangle in corners.reshape(-1, 3).astype(int) + offset:
                key = tuple(sorted(triangle.tolist()))
                if key not in seen:
                    seen.add(key)
                    triangles.append(triangle)
        return np.concatenate(points), np.array(triangles)

    def placed(self) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
        """Yields the nodes of the scene with their matrices, Z up."""
        scene = self.json["scenes"][self.json.get("scene", 0)]
        waiting = [(index, Z_UP) for index in scene.get("nodes", [])]
        while waiting:
            index, parent = waiting.pop()
            node = self.json["nodes"][index]
            world = parent @ _local(node)
            yield node, world
            waiting += [(child, world) for child in node.get("children", [])]


def _local(node: dict[str, Any]) -> np.ndarray:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] = matrix[:3, :3] @ np.diag(node.get("scale", (1, 1, 1)))
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def image_size(content: bytes) -> tuple[int, int, str]:
    """Reads width, height and format of a PNG or JPEG."""
    if content.startswith(b"\x89PNG"):
        return (*struct.unpack_from(">II", content, 16), "png")
    at = 2
    while content[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    height, width = struct.unpack_from(">HH", content, at + 5)
    return width, height, "jpeg"
