"""Lets the camera look through surfaces that enclose others and face inwards: outlines of toons, rooms, skies.

Cycles shows both sides of a surface, even if its material culls back faces. A toon would be as black as the shell
around it, which is meant to be only its outline. Other surfaces keep their backs, as one-sided leaves and clothes
should.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from cyclorama_blender.maths.surface import Numbers
from cyclorama_blender.scene.asset.geometry import mesh_points
from cyclorama_blender.scene.staging.solids import Solid

ENCLOSED = -0.6
"""A point with a winding number below this is enclosed.

A closed shell that faces inwards gives -1; a floor below the point or a dome above it gives no less than -0.5.
"""

SAMPLES = 16
"""Number of vertices, and of places, of each patch that are tested for being enclosed."""

LARGEST_SHELL = 1 << 21
"""Number of triangles; a surface with more is not tested."""

CHUNK_TRIANGLES = 1 << 14


@dataclass(frozen=True)
class _Patch:
    """Holds the faces of one material of one mesh, and the mesh's places.

    Attributes:
        triangles: (T, 3, 3) corners, in the mesh's space.
        places: (P, 4, 4) world from mesh.
    """

    triangles: Numbers
    places: Numbers

    def sample(self) -> Numbers:
        """Returns some points (N, 3) in the world, spread over vertices and places."""
        points = self.triangles[:, 0]
        points, places = (each[:: max(1, len(each) // SAMPLES)][:SAMPLES] for each in (points, self.places))
        return _moved(points, places).reshape(-1, 3)

    def placed(self) -> Iterator[Numbers]:
        """Yields the triangles at each place. At a mirrored place they are reversed, to keep their outside."""
        for place in self.places:
            moved = _moved(self.triangles.reshape(-1, 3), place[None])[0].reshape(-1, 3, 3)
            yield moved if np.linalg.det(place[:3, :3]) > 0 else moved[:, ::-1]


def open_shells(solids: Sequence[Solid]) -> list[str]:
    """Makes shells transparent from outside if their materials cull back faces, and returns a warning for each."""
    meshes = [solid for solid in solids if isinstance(solid.shape, bpy.types.Mesh)]
    materials = {each for solid in meshes for each in solid.shape.materials or (None,)}
    culled = {each for each in materials if each and each.use_backface_culling and _surface(each) is not None}
    if not culled or len(materials) == 1:
        return []
    patches = defaultdict(list)
    for solid in meshes:
        for material, patch in _patches(solid):
            patches[material].append(patch)
    points = {material: np.concatenate([patch.sample() for patch in own]) for material, own in patches.items()}
    shells = [each for each in culled & patches.keys() if _is_shell(each, patches[each], points)]
    for material in shells:
        _show_front_to_camera(material.node_tree, _surface(material))
    names = sorted(material.name for material in shells)
    return [f"material '{name}' encloses others and faces inwards; it is seen from inside alone" for name in names]


def _patches(solid: Solid) -> Iterator[tuple[bpy.types.Material | None, _Patch]]:
    mesh, places = solid.shape, np.array(solid.places)
    mesh.calc_loop_triangles()
    corners = np.empty(len(mesh.loop_triangles) * 3, dtype=np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    slots = np.empty(len(mesh.loop_triangles), dtype=np.int32)
    mesh.loop_triangles.foreach_get("material_index", slots)
    triangles = mesh_points(mesh)[corners.reshape(-1, 3)]
    for slot in np.unique(slots):
        material = mesh.materials[slot] if slot < len(mesh.materials) else None
        yield material, _Patch(triangles[slots == slot], places)


def _is_shell(
    material: bpy.types.Material, own: Sequence[_Patch], points: Mapping[bpy.types.Material | None, Numbers]
) -> bool:
    if len(points) == 1 or sum(len(patch.triangles) * len(patch.places) for patch in own) > LARGEST_SHELL:
        return False
    placed = [triangles for patch in own for triangles in patch.placed()]
    low, high = (end([end(each, axis=(0, 1)) for each in placed], axis=0) for end in (np.min, np.max))
    if sum(_volume(each, (low + high) / 2) for each in placed) >= 0:
        return False
    others = np.concatenate([each for owner, each in points.items() if owner != material])
    inside = others[((others > low) & (others < high)).all(axis=1)]
    inside = inside[:: max(1, len(inside) // (4 * SAMPLES))]
    return any(sum(_winding(each, point) for each in placed) < ENCLOSED for point in inside)


def _moved(points: Numbers, places: Numbers) -> Numbers:
    """Returns points (N, 3) at each place, (P, N, 3)."""
    return points.astype(np.float64) @ places[:, :3, :3].swapaxes(1, 2) + places[:, None, :3, 3]


def _volume(triangles: Numbers, origin: Numbers) -> float:
    """Returns the signed volume of the pyramids from a point to the triangles, negative for those that face it.

    It is a cheap test before the winding number.
    """
    first, second, third = np.moveaxis(triangles - origin, 1, 0)
    return float(np.einsum("ij,ij->", first, np.cross(second, third))) / 6


def _winding(triangles: Numbers, point: Numbers) -> float:
    """Returns the winding number of triangles around a point: their solid angle as a share of the sphere's.

    Source: Van Oosterom and Strackee, 1983.
    """
    total = 0.0
    for start in range(0, len(triangles), CHUNK_TRIANGLES):
        a, b, c = np.moveaxis(triangles[start : start + CHUNK_TRIANGLES] - point, 1, 0)
        la, lb, lc = (np.sqrt(np.einsum("ij,ij->i", each, each)) for each in (a, b, c))
        ab, bc, ca = (np.einsum("ij,ij->i", *each) for each in ((a, b), (b, c), (c, a)))
        triple = np.einsum("ij,ij->i", a, np.cross(b, c))
        total += float(np.arctan2(triple, la * lb * lc + ab * lc + bc * la + ca * lb).sum())
    return total / (2 * np.pi)


def _surface(material: bpy.types.Material) -> bpy.types.NodeSocket | None:
    """Returns the linked input of the material's surface, if there is one."""
    output = material.node_tree.get_output_node("CYCLES") if material.node_tree else None
    return output.inputs["Surface"] if output is not None and output.inputs["Surface"].is_linked else None


def _show_front_to_camera(tree: bpy.types.NodeTree, surface: bpy.types.NodeSocket) -> None:
    """Makes a surface visible only to camera rays that hit its front, so that it casts no shadow inside."""
    kinds = ("LightPath", "NewGeometry", "Math", "BsdfTransparent", "MixShader")
    path, geometry, shown, clear, mixed = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    shown.operation, shown.use_clamp = "SUBTRACT", True
    tree.links.new(path.outputs["Is Camera Ray"], shown.inputs[0])
    tree.links.new(geometry.outputs["Backfacing"], shown.inputs[1])
    tree.links.new(shown.outputs[0], mixed.inputs[0])
    tree.links.new(clear.outputs[0], mixed.inputs[1])
    tree.links.new(surface.links[0].from_socket, mixed.inputs[2])
    tree.links.new(mixed.outputs[0], surface)
