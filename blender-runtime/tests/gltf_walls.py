"""Writes a glTF of upright walls side by side, each with its own material, all inside one file."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np

from cyclorama_blender.imaging.png import encode_png

Json = dict[str, Any]
CORNERS = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]], np.float32)
UV = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
FACES = np.array([0, 1, 2, 0, 2, 3], np.uint32)


def write_walls(path: Path, materials: list[Json], images: list[Any] = [], **more: Any) -> Path:  # noqa: B006
    """Writes walls of one metre that face the front, from left to right. Texture i has image i."""
    arrays = (CORNERS, UV, FACES)
    starts = np.cumsum([0, *(array.nbytes for array in arrays)]).tolist()
    kinds = (("VEC3", 5126), ("VEC2", 5126), ("SCALAR", 5125))
    count = len(materials)
    used = {name for material in materials for name in material.get("extensions", {})}
    document = {
        "asset": {"version": "2.0"},
        "extensionsUsed": sorted(used),
        "buffers": [{"byteLength": starts[-1], "uri": _inline(b"".join(array.tobytes() for array in arrays))}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": start, "byteLength": array.nbytes}
            for start, array in zip(starts, arrays, strict=False)
        ],
        "accessors": [
            {"bufferView": at, "type": kind, "componentType": number, "count": len(arrays[at])}
            for at, (kind, number) in enumerate(kinds)
        ],
        "images": [{"uri": _inline(encode_png(image, "none", 6, srgb=False), "image/png")} for image in images],
        "textures": [{"source": at} for at in range(len(images))],
        "materials": materials,
        "meshes": [{"primitives": [_primitive(at)]} for at in range(count)],
        "nodes": [{"mesh": at, "translation": [at - (count - 1) / 2, 0, 0]} for at in range(count)],
        "scenes": [{"nodes": list(range(count))}],
        "scene": 0,
        **more,
    }
    document["accessors"][0] |= {"min": CORNERS.min(0).tolist(), "max": CORNERS.max(0).tolist()}
    path.write_text(json.dumps({name: value for name, value in document.items() if value != []}))
    return path


def _primitive(material: int) -> Json:
    return {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": material}


def _inline(content: bytes, kind: str = "application/octet-stream") -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
