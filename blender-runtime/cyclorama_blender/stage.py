"""Sets the stage: what the asset shows when rendered, frozen as plain objects in a scene of our own.

Freezing takes modifiers, rigs, constraints, drivers and instancing out of the way: what was measured is what Cycles
renders, and moving it can upset nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import bpy
import numpy as np
from mathutils import Matrix

from cyclorama_blender.framing import Placed
from cyclorama_blender.surface import Numbers

LARGEST_PASS_INDEX = 32767


@dataclass
class Solid:
    """One mesh that is rendered, and where.

    Attributes:
        mesh: a copy of our own, as evaluated.
        points: (N, 3) vertices that faces use, in the mesh's space.
        places: (4, 4) world matrices of the asset.
    """

    mesh: bpy.types.Mesh
    points: Numbers
    places: list[Numbers] = field(default_factory=list)

    @property
    def parts(self) -> list[Placed]:
        """One for each place."""
        return [Placed(self.points, place) for place in self.places]


def freeze(depsgraph: bpy.types.Depsgraph) -> list[Solid]:
    """Copies every evaluated mesh that has faces, once for all its places."""
    solids: dict[tuple[object, ...], Solid | None] = {}
    for instance in _shown(depsgraph):
        thing = instance.object
        materials = [slot.material for slot in thing.material_slots]
        key = (thing.data.as_pointer(), *(material.name_full if material else None for material in materials))
        if key not in solids:
            solids[key] = _copy(thing, materials, depsgraph)
        solid = solids[key]
        if solid is not None:
            solid.places.append(np.array(instance.matrix_world, dtype=np.float64))
    return [solid for solid in solids.values() if solid is not None]


def _shown(depsgraph: bpy.types.Depsgraph) -> Iterator[bpy.types.DepsgraphObjectInstance]:
    for instance in depsgraph.object_instances:
        # Surfaces of curves, texts and metaballs come as instances of type MESH.
        if instance.show_self and instance.object.type == "MESH" and instance.object.visible_camera:
            yield instance


def _copy(
    thing: bpy.types.Object, materials: list[bpy.types.Material | None], depsgraph: bpy.types.Depsgraph
) -> Solid | None:
    if len(thing.data.polygons) == 0:
        return None
    mesh = bpy.data.meshes.new_from_object(thing, preserve_all_data_layers=False, depsgraph=depsgraph)
    if len(mesh.polygons) == 0:
        return None
    mesh.materials.clear()
    for material in materials:
        mesh.materials.append(material.original if material else None)
    return Solid(mesh, _face_points(mesh))


def _face_points(mesh: bpy.types.Mesh) -> Numbers:
    points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    used = np.zeros(len(mesh.vertices), dtype=bool)
    used[corners] = True
    points = points.reshape(-1, 3)
    return points if used.all() else points[used]


def build_scene(solids: list[Solid], world_from_asset: Numbers) -> bpy.types.Scene:
    """Makes a new scene with an object for each place of each solid, moved by the matrix (4, 4)."""
    scene = bpy.data.scenes.new("cyclorama")
    anchor = bpy.data.objects.new("cyclorama anchor", None)
    scene.collection.objects.link(anchor)
    index = 0
    for solid in solids:
        for place in solid.places:
            thing = bpy.data.objects.new("cyclorama solid", solid.mesh)
            # Location, rotation and scale cannot say every matrix; the inverse of a parent can.
            thing.parent = anchor
            thing.matrix_parent_inverse = Matrix(world_from_asset @ place)
            thing.pass_index = 1 + index % LARGEST_PASS_INDEX
            scene.collection.objects.link(thing)
            index += 1
    return scene
