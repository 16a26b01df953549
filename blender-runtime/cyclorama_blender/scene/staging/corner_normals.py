"""Drops normals of a file that point into its own surface: Cycles would leave such a surface black."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from cyclorama_blender.scene.staging.solids import Solid

ATTRIBUTE = "custom_normal"

WRONG_SHARE = 0.05
"""Of a mesh's corners; a few wrong ones lie where thin parts were shaded across their edge, and do no harm."""


def drop_inverted_normals(solids: Sequence[Solid]) -> int:
    """Makes shading follow the faces where the file's own normals oppose them; returns how many meshes were so."""
    dropped = 0
    for solid in solids:
        mesh = solid.shape
        if isinstance(mesh, bpy.types.Mesh) and ATTRIBUTE in mesh.attributes and _wrong_share(mesh) > WRONG_SHARE:
            mesh.attributes.remove(mesh.attributes[ATTRIBUTE])
            dropped += 1
    return dropped


def _wrong_share(mesh: bpy.types.Mesh) -> float:
    corners = np.empty(len(mesh.loops) * 3, dtype=np.float32)
    mesh.corner_normals.foreach_get("vector", corners)
    faces = np.empty(len(mesh.polygons) * 3, dtype=np.float32)
    mesh.polygons.foreach_get("normal", faces)
    totals = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", totals)
    cosines = (corners.reshape(-1, 3) * np.repeat(faces.reshape(-1, 3), totals, axis=0)).sum(axis=1)
    return float(np.mean(cosines < 0))
