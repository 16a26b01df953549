"""Adds objects and materials to Blender's scene, and renders it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from cyclorama_blender.imaging.exr import read_exr
from cyclorama_blender.scene.render import modalities


def add_mesh(points: Any, faces: Any, place: Any = None, name: str = "thing") -> Any:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(map(float, point)) for point in points], [], faces)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    if place is not None:
        thing.matrix_world = Matrix(place)
    return thing


def add_cube(size: float = 1.0, at: Any = (0, 0, 0), name: str = "cube") -> Any:
    half = size / 2
    points = [(x, y, z) for x in (-half, half) for y in (-half, half) for z in (-half, half)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    thing = add_mesh(points, faces, name=name)
    thing.location = at
    return thing


def add_ball(radius: float, at: Any = (0, 0, 0), segments: int = 512) -> Any:
    """Adds a smooth ball, much faster than Blender's own operator."""
    rings = segments // 2
    turn = np.arange(segments) * 2 * np.pi / segments
    lift = (np.arange(1, rings) / rings - 0.5) * np.pi
    lift, turn = np.meshgrid(lift, turn, indexing="ij")
    points = radius * np.stack([np.cos(lift) * np.cos(turn), np.cos(lift) * np.sin(turn), np.sin(lift)], axis=-1)
    points = [*points.reshape(-1, 3), (0, 0, -radius), (0, 0, radius)]
    bottom, top = len(points) - 2, len(points) - 1
    ring = [(index, (index + 1) % segments) for index in range(segments)]
    faces = [
        (row * segments + a, row * segments + b, (row + 1) * segments + b, (row + 1) * segments + a)
        for row in range(rings - 2)
        for a, b in ring
    ]
    last = (rings - 2) * segments
    faces += [(bottom, b, a) for a, b in ring] + [(top, last + a, last + b) for a, b in ring]
    ball = add_mesh(points, faces, name="ball")
    ball.location = at
    ball.data.shade_smooth()
    return ball


def add_material(thing: Any, **inputs: Any) -> Any:
    """Gives an object a Principled material with these inputs."""
    material = bpy.data.materials.new("material")
    material.use_nodes = True
    for name, value in inputs.items():
        material.node_tree.nodes["Principled BSDF"].inputs[name.replace("_", " ")].default_value = value
    thing.data.materials.append(material)
    return material


def shoot(folder: Path, spec: dict[str, Any], name: str = "asset.glb") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Renders Blender's scene; returns the Rendering and, for each view, its passes (H, W) or (H, W, C)."""
    spec = {"width": 96, "height": 96, "samples": 1, "denoising": "DENOISING_OFF", **spec}
    message = modalities.render({"spec": spec}, folder / name, folder, []).message
    return message, [read_passes(folder / view["file"]) for view in message["views"]]


def read_passes(path: Path) -> dict[str, Any]:
    """Reads an EXR's passes by their own names."""
    channels = {name.removeprefix("VL."): values for name, values in read_exr(path).items()}
    index = next(name for name in channels if name.startswith(("IndexOB", "Object Index")))
    several = {"combined": "RGBA", "normal": "XYZ"}
    passes = {
        name: np.stack([channels[f"{name.title()}.{part}"] for part in parts], axis=-1)
        for name, parts in several.items()
    }
    return {**passes, "depth": channels["Depth.Z"], "index": channels[index]}
