"""Stages an asset: it puts the visible geometry at the origin of a scene of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from cyclorama_blender.maths.framing import Placed, Placement, place_object
from cyclorama_blender.maths.surface import Numbers
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.scene.asset.geometry import metres_per_unit
from cyclorama_blender.scene.asset.visibility import reveal, show_as_rendered
from cyclorama_blender.scene.staging.coincident_faces import separate_coincident_faces
from cyclorama_blender.scene.staging.corner_normals import drop_inverted_normals
from cyclorama_blender.scene.staging.material_context import warn_material_context
from cyclorama_blender.scene.staging.materials import GLTF_ENDINGS, finish_materials
from cyclorama_blender.scene.staging.omissions import warn_left_out
from cyclorama_blender.scene.staging.same_faces import drop_same_faces
from cyclorama_blender.scene.staging.shells import open_shells
from cyclorama_blender.scene.staging.solids import Solid, drop_strays, freeze, recentre

LARGEST_PASS_INDEX = 32767

FAR_FROM_ORIGIN = 1e3
"""An asset further than this many of its longest sides from the origin is evaluated again near the origin."""


@dataclass(frozen=True)
class StagedScene:
    """Holds a scene with the asset at its origin, and how the asset was placed.

    Attributes:
        scene: our own scene, with only the file's geometry and materials.
        parts: all points in the rendered world.
        placement: rendered world from asset.
        frame: frame of the asset's animation.
        strays: number of stray vertices that were left out.
        warnings: warnings for the user.
    """

    scene: bpy.types.Scene
    parts: list[Placed]
    placement: Placement
    frame: float
    strays: int
    warnings: tuple[str, ...]


def stage_scene(path: Path, object_scale: str) -> StagedScene:
    """Freezes the active scene as it would be rendered and places it at the origin.

    Args:
        path: the imported file; its ending decides which importer's quirks are corrected.
        object_scale: METRIC or UNIT.

    Raises:
        RuntimeFailure: `no_geometry`, the scene shows no face.
    """
    source = bpy.context.scene
    if path.suffix.lower() in GLTF_ENDINGS:
        # Animations begin at frame 0; the importer leaves the scene at frame 1, a 24th of a second later.
        source.frame_set(0)
    warnings = []
    solids = _evaluate(source)
    if not solids:
        reveal(source)
        solids = _evaluate(source)
        warnings.append("the file hides all of its objects from the render; they are rendered all the same")
    left_out = warn_left_out(bpy.context.evaluated_depsgraph_get())
    warnings += left_out
    solids, strays = drop_strays(solids)
    if not solids:
        message = f"'{path.name}' shows no face; expected at least one with finite corners"
        raise RuntimeFailure("no_geometry", "; ".join([message, *left_out]))
    if strays:
        warnings.append(
            f"vertices left out with their faces, since they lie nowhere near the rest or are not finite: {strays}"
        )
    placement = _place(solids, object_scale)
    if not placement.longest > 0:
        raise RuntimeFailure("no_geometry", f"'{path.name}' has no extent; expected faces with an area")
    if np.abs(placement.translation).max() > FAR_FROM_ORIGIN * placement.longest:
        solids, placement = _evaluate_near_origin(source, placement, object_scale)
    recentre(solids)
    warnings += drop_same_faces(solids)
    warnings += separate_coincident_faces(solids, placement.longest)
    inverted = drop_inverted_normals(solids)
    if inverted:
        warnings.append(f"meshes whose normals point into their surface, so that its faces' own are taken: {inverted}")
    rendered_from_file = placement.scale * metres_per_unit(source)
    warnings += finish_materials([solid.shape for solid in solids], path.suffix.lower(), rendered_from_file)
    warnings += open_shells(solids)
    warnings += warn_material_context({each for solid in solids for each in solid.shape.materials if each is not None})
    parts = [part for solid in solids for part in solid.parts(placement.matrix)]
    scene = _build_scene(solids, placement.matrix)
    return StagedScene(scene, parts, placement, source.frame_current_final, strays, tuple(warnings))


def _evaluate(source: bpy.types.Scene) -> list[Solid]:
    show_as_rendered()
    source.frame_set(source.frame_current, subframe=source.frame_subframe)
    # Animations and drivers may have changed the visibility in the viewport and in the render.
    show_as_rendered()
    bpy.context.view_layer.update()
    return freeze(bpy.context.evaluated_depsgraph_get(), metres_per_unit(source))


def _place(solids: Sequence[Solid], object_scale: str) -> Placement:
    return place_object([part for solid in solids for part in solid.parts(np.eye(4))], object_scale)


def _evaluate_near_origin(source: bpy.types.Scene, far: Placement, object_scale: str) -> tuple[list[Solid], Placement]:
    """Evaluates the scene again with its roots near the origin, where single precision is fine enough for its parts."""
    unit = metres_per_unit(source)
    # Single precision holds this step exactly, so adding it back in double precision is exact too.
    step = (far.translation / unit).astype(np.float32).astype(np.float64)
    for thing in source.objects:
        if thing.parent is None:
            thing.delta_location = (np.array(thing.delta_location, dtype=np.float64) + step).tolist()
    solids, _ = drop_strays(_evaluate(source))
    back = np.eye(4)
    back[:3, 3] = -step * unit
    for solid in solids:
        solid.places = [back @ place for place in solid.places]
    return solids, _place(solids, object_scale)


def _build_scene(solids: Sequence[Solid], world_from_asset: Numbers) -> bpy.types.Scene:
    scene = bpy.data.scenes.new("cyclorama")
    anchor = bpy.data.objects.new("cyclorama anchor", None)
    scene.collection.objects.link(anchor)
    index = 0
    for solid in solids:
        for place, owner in zip(solid.places, solid.owners, strict=True):
            thing = bpy.data.objects.new("cyclorama solid", solid.shape)
            # Location, rotation and scale cannot express every matrix; the inverse of a parent can.
            thing.parent = anchor
            thing.matrix_parent_inverse = Matrix(world_from_asset @ place)
            thing.pass_index = 1 + index % LARGEST_PASS_INDEX
            _copy_properties(thing, owner)
            scene.collection.objects.link(thing)
            index += 1
    return scene


def _copy_properties(thing: bpy.types.Object, owner: bpy.types.Object) -> None:
    """Copies the properties that materials may ask for: the colour, and the numbers that the file's author set."""
    thing.color = owner.color
    for name, value in owner.items():
        if isinstance(value, int | float) or hasattr(value, "to_list"):
            thing[name] = value
