"""Chooses the device that Cycles computes on."""

from __future__ import annotations

import logging

import bpy

from cyclorama_blender.protocol.failure import RuntimeFailure

log = logging.getLogger(__name__)

BACKENDS = ("OPTIX", "CUDA")
"""Lists the GPU backends, the preferred one first."""


def choose_device(scene: bpy.types.Scene, *, require_gpu: bool = False) -> str:
    """Selects the best device for the scene and returns its name, such as `OPTIX: NVIDIA H100` or `CPU`.

    Raises:
        RuntimeFailure: `gpu_unavailable`, a GPU is required and there is none.
    """
    names = enable_gpus()
    if require_gpu and not names:
        looked = " or ".join(BACKENDS)
        raise RuntimeFailure("gpu_unavailable", f"Cycles finds no GPU here by way of {looked}; expected at least one")
    scene.cycles.device = "GPU" if names else "CPU"
    scene.cycles.denoising_use_gpu = bool(names)
    return ", ".join(names) or "CPU"


def enable_gpus() -> list[str]:
    """Enables only the GPUs of the first backend that has any, and returns their names."""
    addon = bpy.context.preferences.addons.get("cycles")
    if addon is None:
        log.warning("the Cycles add-on is not enabled")
        return []
    for backend in BACKENDS:
        names = _enable(addon.preferences, backend)
        if names:
            return names
    addon.preferences.compute_device_type = "NONE"
    return []


def _enable(preferences: bpy.types.AddonPreferences, backend: str) -> list[str]:
    try:
        preferences.compute_device_type = backend
    except TypeError as error:
        log.info("backend %s is not in this build: %s", backend, error)
        return []
    preferences.refresh_devices()
    names = []
    for device in preferences.devices:
        # By default the CPU is enabled beside a GPU, and slows it down.
        device.use = device.type == backend
        if device.use:
            names.append(f"{backend}: {device.name}")
    return names
