"""Drops a file's normals that point into its own surface, since Cycles would render such a surface black."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from cyclorama_blender.scene.staging.solids import Solid

ATTRIBUTE = "custom_normal"

WRONG_SHARE = 0.05
"""Above this share of a mesh's corners with inverted normals, the normals are dropped.

A few inverted normals are harmless: they lie at thin parts that are shaded smoothly across their edge.
"""


def drop_inverted_normals(solids: Sequence[Solid]) -> int:
    """Drops the normals of meshes that oppose their faces, so that the faces' own are used; returns how many."""
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
