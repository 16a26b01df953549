"""Resets Blender's session between assets, and forces the settings that we rely on."""

from __future__ import annotations

import logging

import bpy

from cyclorama_blender.protocol.failure import RuntimeFailure

OLDEST_BLENDER = (4, 2, 0)
_GLTF_LOGGERS = ("glTFImporter", "glTFImporter_errors")


def check_version() -> None:
    """Refuses a Blender that is older than OLDEST_BLENDER.

    Raises:
        RuntimeFailure: `blender_unavailable`.
    """
    if bpy.app.version < OLDEST_BLENDER:
        oldest = ".".join(map(str, OLDEST_BLENDER[:2]))
        raise RuntimeFailure(
            "blender_unavailable",
            f"Blender {bpy.app.version_string} is too old; expected {oldest} or newer",
        )


def reset() -> None:
    """Empties Blender and forces every setting that an asset or a Blender version may have changed.

    `read_homefile` keeps preferences and leaks the least memory; `read_factory_settings` takes five times as long.
    """
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True, load_ui=False)
    _drop_leaked_log_handlers()
    _force_preferences()
    force_scene_settings(bpy.context.scene)


def force_scene_settings(scene: bpy.types.Scene) -> None:
    """Overrides a file's render settings: EEVEE aborts if libEGL is missing, and compositor nodes may write files."""
    render = scene.render
    render.engine = "CYCLES"
    render.use_compositing = False
    render.use_sequencer = False
    render.use_freestyle = False
    render.use_stamp = False
    if hasattr(render, "compositor_device"):
        render.compositor_device = "CPU"
    # `use_simplify` would remove subdivision levels from the geometry that we measure.
    render.use_simplify = False


def _force_preferences() -> None:
    preferences = bpy.context.preferences
    preferences.edit.undo_steps = 0
    preferences.edit.use_global_undo = False
    # Without a GPU context, subdivision on the GPU would return the coarse mesh.
    preferences.system.use_gpu_subdivision = False
    preferences.filepaths.use_scripts_auto_execute = False
    preferences.filepaths.use_relative_paths = False
    if hasattr(preferences.system, "use_online_access"):
        preferences.system.use_online_access = False
    if preferences.filepaths.use_scripts_auto_execute or getattr(bpy.app, "online_access", False):
        raise RuntimeError("Blender would run scripts of a file or go online; expected both to be off")


def _drop_leaked_log_handlers() -> None:
    # A failed glTF import leaves its handler behind, and later imports would print each line once more.
    for name in _GLTF_LOGGERS:
        logger = logging.getLogger(name)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
        # The add-on's own handler already writes the line.
        logger.propagate = False
