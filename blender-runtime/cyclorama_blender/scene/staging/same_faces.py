"""Drops faces that lie exactly on another face, as both sides of a leaf do: light would be lost between them."""

from __future__ import annotations

from collections.abc import Sequence

import bmesh
import bpy
import numpy as np
import numpy.typing as npt

from cyclorama_blender.scene.asset.geometry import mesh_points
from cyclorama_blender.scene.staging.solids import Solid

Keys = npt.NDArray[np.uint64]

_FACTORS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Odd factors without a pattern, which spread 32 bits over 64."""


def drop_same_faces(solids: Sequence[Solid]) -> list[str]:
    """Keeps the first of the faces with the same corners and material, and the first of the objects at one place.

    Returns:
        Warnings for the user.
    """
    faces = objects = 0
    for solid in solids:
        _, first = np.unique(np.array(solid.places).reshape(-1, 16), axis=0, return_index=True)
        objects += len(solid.places) - len(first)
        solid.keep_places(np.isin(np.arange(len(solid.places)), first))
        if isinstance(solid.shape, bpy.types.Mesh):
            same = _find_same_faces(solid.shape)
            if len(same):
                _delete(solid.shape, same)
            faces += len(same)
    counts = {"faces": faces, "objects": objects}
    return [
        f"{kind} left out that lie exactly on another one of the same material: {n}" for kind, n in counts.items() if n
    ]


def _find_same_faces(mesh: bpy.types.Mesh) -> npt.NDArray[np.intp]:
    keys = face_keys(mesh)
    materials = np.empty(len(keys), dtype=np.int32)
    mesh.polygons.foreach_get("material_index", materials)
    _, first = np.unique(_mix(keys + materials.astype(np.uint64)), return_index=True)
    return np.setdiff1d(np.arange(len(keys)), first, assume_unique=True)


def face_keys(mesh: bpy.types.Mesh) -> Keys:
    """Returns a number for each face, the same for faces with the same corners."""
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    starts = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    # The sum is the same for any order of the corners: any first corner and either winding.
    return np.add.reduceat(_keys(mesh_points(mesh))[corners], starts)


def _keys(points: npt.NDArray[np.float32]) -> Keys:
    """Returns a number for each position. A collision is less likely than a failure of the machine."""
    # Adding zero makes -0.0 and 0.0 the same bits.
    bits = (points + np.float32(0)).view(np.uint32)
    keys = np.zeros(len(points), dtype=np.uint64)
    for axis, factor in enumerate(_FACTORS):
        keys = _mix(keys + bits[:, axis] * np.uint64(factor))
    return keys


def _mix(keys: Keys) -> Keys:
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(_FACTORS[1])
    return keys ^ (keys >> np.uint64(27))


def _delete(mesh: bpy.types.Mesh, faces: npt.NDArray[np.intp]) -> None:
    """Deletes only the faces: vertices keep their numbers, and those without a face are in no image."""
    work = bmesh.new()
    try:
        work.from_mesh(mesh)
        work.faces.ensure_lookup_table()
        bmesh.ops.delete(work, geom=[work.faces[index] for index in faces], context="FACES_ONLY")
        work.to_mesh(mesh)
    finally:
        work.free()
