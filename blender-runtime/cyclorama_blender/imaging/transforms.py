"""Builds transforms.json: the poses of several views as NeRF programs read them."""

from __future__ import annotations

import math

from cyclorama_blender.imaging.rendered import RenderedView
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.contract import Json


def transforms(lens: Intrinsics, views: list[tuple[RenderedView, dict[str, str]]]) -> Json:
    """Returns the document, in OpenGL's camera axes, which are Blender's, and in the rendered world with Z up.

    Args:
        lens: intrinsics of all views.
        views: the views, each with the paths of its files by name.
    """
    (cx, cy), focal = lens.center, lens.focal_pixels
    return {
        "camera_model": "OPENCV",
        "camera_angle_x": 2 * math.atan(lens.half_tangents[0]),
        "camera_angle_y": 2 * math.atan(lens.half_tangents[1]),
        "fl_x": focal,
        "fl_y": focal,
        "cx": cx,
        "cy": cy,
        "w": lens.width,
        "h": lens.height,
        "k1": 0.0,
        "k2": 0.0,
        "p1": 0.0,
        "p2": 0.0,
        "frames": [_frame(view, files) for view, files in views],
    }


def _frame(view: RenderedView, files: dict[str, str]) -> Json:
    frame: Json = {
        "file_path": files.get("textured") or next(iter(files.values())),
        "transform_matrix": view.pose.tolist(),
    }
    depth = files.get("depth_exr") or files.get("depth_16")
    if depth:
        frame["depth_file_path"] = depth
    return frame
