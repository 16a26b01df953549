"""Proves that Blender works here: builds a mesh, evaluates it, names versions and devices."""

from __future__ import annotations

import logging

import bpy

from cyclorama_blender.contract import Answer

log = logging.getLogger(__name__)

GPU_BACKENDS = ("OPTIX", "CUDA", "HIP", "ONEAPI", "METAL")
CUBE_SUBDIVIDED_VERTICES = 26


def selftest() -> Answer:
    """Subdivides a cube through the dependency graph and checks the result."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    cube.modifiers.new("subdivide", "SUBSURF").levels = 1
    evaluated = cube.evaluated_get(bpy.context.evaluated_depsgraph_get())
    vertices = len(evaluated.data.vertices)
    if vertices != CUBE_SUBDIVIDED_VERTICES:
        raise RuntimeError(f"a cube subdivided once has {vertices} vertices; expected {CUBE_SUBDIVIDED_VERTICES}")
    return Answer("selftest", {"blenderVersion": bpy.app.version_string, "gpuDevices": gpu_devices()})


def gpu_devices() -> list[str]:
    """Names the Cycles devices other than the CPU, such as `OPTIX: NVIDIA H100`."""
    addon = bpy.context.preferences.addons.get("cycles")
    if addon is None:
        log.warning("the Cycles add-on is not enabled")
        return []
    preferences = addon.preferences
    known = {item.identifier for item in preferences.bl_rna.properties["compute_device_type"].enum_items_static}
    names = []
    for backend in GPU_BACKENDS:
        # Some versions fill this enum at run time, so an empty list says nothing.
        if known and backend not in known:
            continue
        try:
            devices = preferences.get_devices_for_type(backend)
        except (ValueError, TypeError) as error:
            log.info("backend %s is not in this build: %s", backend, error)
            continue
        names += [f"{backend}: {device.name}" for device in devices if device.type == backend]
    return names
