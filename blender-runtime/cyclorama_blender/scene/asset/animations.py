"""Describes the clips of motion that came with an asset."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from cyclorama_blender.protocol.contract import Json

_MOVED = {
    "ARMATURE": "bones",
    "CAMERA": "cameras",
    "KEY": "shape_keys",
    "LIGHT": "lights",
    "MATERIAL": "materials",
    "NODETREE": "materials",
}


def describe_animations(scene: bpy.types.Scene) -> list[Json]:
    """Returns an Animation message for each action that moves something, by name."""
    frames_a_second = scene.render.fps / scene.render.fps_base
    found = (_describe(action, frames_a_second) for action in sorted(bpy.data.actions, key=lambda action: action.name))
    return [clip for clip in found if clip["moves"]]


def _describe(action: bpy.types.Action, frames_a_second: float) -> Json:
    first, last = action.curve_frame_range
    moves = {_moved(kind, curve.data_path) for kind, curve in _curves(action)}
    return {
        "name": action.name,
        "durationS": round((last - first) / frames_a_second, 6),
        "moves": sorted(moves),
    }


def _moved(kind: str, path: str) -> str:
    if kind == "OBJECT":
        return "bones" if path.startswith("pose.bones[") else "objects"
    return _MOVED.get(kind, "others")


def _curves(action: bpy.types.Action) -> Iterator[tuple[str, bpy.types.FCurve]]:
    """Yields each curve with the kind of data-block that it moves."""
    if not hasattr(action, "layers"):
        # Before Blender 4.4 an action moves one data-block.
        yield from ((action.id_root, curve) for curve in action.fcurves)
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from ((bag.slot.target_id_type, curve) for curve in bag.fcurves)
