"""Moves faces apart that lie exactly on another face, such as the front and the back of a wall in two materials.

Rays from one face would end at the other, and both would be black. Each face moves along its own normal, so that a
back lies behind its front, and a decal on the surface that it is stuck to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import bmesh
import bpy
import numpy as np
import numpy.typing as npt

from cyclorama_blender.scene.asset.geometry import mesh_points
from cyclorama_blender.scene.staging.same_faces import Keys, face_keys
from cyclorama_blender.scene.staging.solids import Solid

APART = 1e-5
"""Distance of faces that were moved apart, as a share of the asset's longest side.

It is a hundred times the step of float32, and a tenth of the error that depth may have.
"""

Ranks = npt.NDArray[np.intp]


def separate_coincident_faces(solids: Sequence[Solid], longest: float) -> list[str]:
    """Moves coincident faces apart among all meshes that have the same places.

    Args:
        solids: solids without same faces of one mesh and material.
        longest: longest side of the asset's box, metres.

    Returns:
        Warnings for the user.
    """
    groups = defaultdict(list)
    for solid in solids:
        if isinstance(solid.shape, bpy.types.Mesh):
            groups[np.array(solid.places).tobytes()].append(solid)
    moved = 0
    for group in groups.values():
        if len(group) == 1 and len(group[0].shape.materials) < 2:
            continue
        scale = np.linalg.svd(group[0].places[0][:3, :3], compute_uv=False)[0]
        found = _ranks(group)
        shared = [each for each in zip(group, found, strict=True) if _share_vertices(each[0].shape, each[1])]
        for solid, ranks in shared:
            _split(solid.shape, np.flatnonzero(ranks))
        for solid, ranks in zip(group, _ranks(group) if shared else found, strict=True):
            if ranks.any():
                _lift(solid.shape, ranks, APART * longest / scale)
                moved += int(np.count_nonzero(ranks))
    return [f"faces moved apart that lie exactly on another one: {moved}"] if moved else []


def _ranks(group: Sequence[Solid]) -> list[Ranks]:
    """Numbers the faces that coincide from 0; every other face has 0."""
    each = [face_keys(solid.shape) for solid in group]
    keys: Keys = np.concatenate(each)
    order = np.argsort(keys, kind="stable")
    at = np.arange(len(keys))
    begins = np.append(True, keys[order][1:] != keys[order][:-1])
    ranks = np.empty(len(keys), dtype=np.intp)
    ranks[order] = at - np.maximum.accumulate(np.where(begins, at, 0))
    return np.split(ranks, np.cumsum([len(keys) for keys in each])[:-1])


def _corners(mesh: bpy.types.Mesh, ranks: Ranks) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Returns for each corner its vertex and its face."""
    vertices = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", vertices)
    totals = np.empty(len(ranks), dtype=np.int32)
    mesh.polygons.foreach_get("loop_total", totals)
    return vertices, np.repeat(np.arange(len(ranks)), totals)


def _share_vertices(mesh: bpy.types.Mesh, ranks: Ranks) -> bool:
    if not ranks.any():
        return False
    vertices, faces = _corners(mesh, ranks)
    return bool(np.isin(vertices[ranks[faces] > 0], vertices[ranks[faces] == 0]).any())


def _split(mesh: bpy.types.Mesh, faces: Ranks) -> None:
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        work.faces.ensure_lookup_table()
        bmesh.ops.split(work, geom=[work.faces[index] for index in faces], use_only_faces=True)
        work.to_mesh(mesh)
    finally:
        work.free()


def _lift(mesh: bpy.types.Mesh, ranks: Ranks, step: float) -> None:
    vertices, faces = _corners(mesh, ranks)
    normals = np.empty(len(ranks) * 3, dtype=np.float32)
    mesh.polygons.foreach_get("normal", normals)
    lifted = ranks[faces] > 0
    along = np.zeros((len(mesh.vertices), 3))
    np.add.at(along, vertices[lifted], normals.reshape(-1, 3)[faces[lifted]])
    length = np.linalg.norm(along, axis=1, keepdims=True)
    np.divide(along, length, out=along, where=length > 0)
    height = np.zeros(len(along))
    np.maximum.at(height, vertices[lifted], step * ranks[faces[lifted]])
    lifted_points = (mesh_points(mesh) + along * height[:, None]).astype(np.float32)
    mesh.vertices.foreach_set("co", lifted_points.ravel())
    mesh.update()
