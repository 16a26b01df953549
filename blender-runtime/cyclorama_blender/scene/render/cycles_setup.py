"""Configures Cycles so that one render gives the lit image and every data pass."""

from __future__ import annotations

import bpy

from cyclorama_blender.protocol.render_spec import RenderSpec

VIEW_LAYER = "VL"

DENOISERS = {"FAST": ("FAST", "FAST"), "HIGH": ("HIGH", "FAST"), "ACCURATE": ("HIGH", "ACCURATE")}
"""Maps the spec's denoising to the quality and the prefilter of OpenImageDenoise."""

PASSES = ("combined", "z", "normal", "object_index")

UNTILED_PIXELS = 2048
"""Up to this many pixels a side a render is one tile: Cycles would write tiles to a file and join them afterwards."""

UNPACKED_PIXELS = 1024 * 1024
"""Up to this many pixels a file is not compressed: it is read twenty times as fast, and has 52 MB at most."""

_thread_count = 0


def use_threads(count: int) -> None:
    """Sets the number of threads of all later renders; with 0 Blender uses every core."""
    global _thread_count
    _thread_count = count


def configure(scene: bpy.types.Scene, spec: RenderSpec) -> None:
    """Sets everything that affects the images of a new scene."""
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = spec.width, spec.height, 100
    render.film_transparent = True
    render.use_compositing = False
    render.use_sequencer = False
    render.use_simplify = False
    render.threads_mode = "FIXED" if _thread_count else "AUTO"
    if _thread_count:
        render.threads = _thread_count
    if hasattr(render, "compositor_device"):
        render.compositor_device = "CPU"
    _choose_file(render.image_settings, spec.width * spec.height)
    _choose_passes(scene.view_layers[0])
    _choose_sampling(scene.cycles, spec)
    _choose_light_paths(scene.cycles)
    # Blackman-Harris is Cycles' sharpest filter without ringing. Glass stays visible on the transparent film.
    scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    scene.cycles.film_transparent_glass = False
    scene.cycles.use_auto_tile = max(spec.width, spec.height) > UNTILED_PIXELS
    scene.cycles.tile_size = UNTILED_PIXELS


def _choose_file(settings: bpy.types.ImageFormatSettings, pixels: int) -> None:
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"
    settings.color_depth = "32"
    settings.exr_codec = "NONE" if pixels <= UNPACKED_PIXELS else "ZIP"
    if hasattr(settings, "use_exr_interleave"):
        settings.use_exr_interleave = True


def _choose_passes(layer: bpy.types.ViewLayer) -> None:
    layer.name = VIEW_LAYER
    for name in PASSES:
        setattr(layer, f"use_pass_{name}", True)
    # With the default, a half-transparent surface would have the depth of the first sample's hit.
    layer.pass_alpha_threshold = 0.01


def _choose_sampling(cycles: bpy.types.PropertyGroup, spec: RenderSpec) -> None:
    cycles.samples = spec.samples
    cycles.seed = spec.seed
    cycles.use_animated_seed = False
    cycles.use_adaptive_sampling = False
    cycles.time_limit = 0.0
    cycles.use_light_tree = False
    cycles.use_denoising = spec.denoising in DENOISERS
    if cycles.use_denoising:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_quality, cycles.denoising_prefilter = DENOISERS[spec.denoising]


def _choose_light_paths(cycles: bpy.types.PropertyGroup) -> None:
    cycles.max_bounces = 8
    cycles.diffuse_bounces = 3
    cycles.glossy_bounces = 4
    cycles.transmission_bounces = 8
    cycles.volume_bounces = 0
    # Light passes many cards of leaves and hair; a high limit costs time only at such pixels.
    cycles.transparent_max_bounces = 32
    # Without caustics, eyes, showcases and cabins are black behind their glass.
    cycles.caustics_reflective = True
    cycles.caustics_refractive = True
    cycles.sample_clamp_direct = 0.0
    cycles.sample_clamp_indirect = 10.0
