"""Proves that Blender works here: it builds a mesh, evaluates it, and reports versions and devices."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import bpy

from cyclorama_blender.protocol.contract import Answer
from cyclorama_blender.protocol.render_spec import Lighting, defaults
from cyclorama_blender.scene.render import cycles_setup
from cyclorama_blender.scene.render.device import choose_device, enable_gpus
from cyclorama_blender.scene.render.lighting import light_scene

log = logging.getLogger(__name__)

CUBE_SUBDIVIDED_VERTICES = 26
WARM_UP = defaults("DRAFT", width=32, height=32, samples=1)


def selftest() -> Answer:
    """Subdivides a cube through the dependency graph, checks the result, and renders it once if there is a GPU."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.modifiers.new("subdivide", "SUBSURF").levels = 1
    evaluated = cube.evaluated_get(bpy.context.evaluated_depsgraph_get())
    vertices = len(evaluated.data.vertices)
    if vertices != CUBE_SUBDIVIDED_VERTICES:
        raise RuntimeError(f"a cube subdivided once has {vertices} vertices; expected {CUBE_SUBDIVIDED_VERTICES}")
    devices = enable_gpus()
    if devices:
        warm_up(bpy.context.scene)
    return Answer("selftest", {"blenderVersion": bpy.app.version_string, "gpuDevices": devices})


def warm_up(scene: bpy.types.Scene) -> None:
    """Renders and denoises a few pixels, since the driver takes minutes to compile Cycles' kernels on first use."""
    since = time.monotonic()
    eye = bpy.data.objects.new("warm-up", bpy.data.cameras.new("warm-up"))
    eye.location = (0.0, 0.0, 10.0)
    scene.collection.objects.link(eye)
    scene.camera = eye
    cycles_setup.configure(scene, WARM_UP)
    light_scene(scene, Lighting(), None)
    device = choose_device(scene)
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = str(Path(folder) / "warm-up.exr")
        bpy.ops.render.render(write_still=True, scene=scene.name)
    log.info("the first render on %s took %.1f s", device, time.monotonic() - since)
