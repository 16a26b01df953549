"""Lights a scene from all around: by an image around the world, or by the same light from everywhere."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from cyclorama_blender.maths.studio_light import WHITEST, studio_image
from cyclorama_blender.protocol.failure import RuntimeFailure
from cyclorama_blender.protocol.render_spec import Lighting

HDR_ENDINGS = (".hdr", ".exr")

LARGEST_RADIANCE = 1e10
"""The sun's disc has 2e9 candelas a square metre. A brighter pixel was infinite before some program saved it."""

LARGEST_SAMPLING_MAP = 1024
"""Width in pixels of the map by which Cycles finds the bright parts of the image; 0.05 processor seconds a render."""


def light_scene(scene: bpy.types.Scene, lighting: Lighting, hdr: Path | None) -> None:
    """Gives the scene a world of its own, which is its only light.

    Raises:
        RuntimeFailure: `invalid_asset`, the environment image cannot be read or is not finite.
    """
    world = bpy.data.worlds.new("cyclorama")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    dose = WHITEST if lighting.preset == "UNIFORM" else 1.0
    background.inputs["Strength"].default_value = lighting.strength * dose
    background.inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    scene.world = world
    if lighting.preset == "UNIFORM":
        return
    picture = world.node_tree.nodes.new("ShaderNodeTexEnvironment")
    picture.image = _studio() if lighting.preset == "STUDIO" else _open_hdr(hdr)
    # By default Cycles makes a map of thousands of pixels from an image of hundreds, which takes a second a render.
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = min(picture.image.size[0], LARGEST_SAMPLING_MAP)
    world.node_tree.links.new(picture.outputs["Color"], background.inputs["Color"])


def _studio() -> bpy.types.Image:
    radiance = studio_image().astype(np.float32)
    height, width = radiance.shape
    image = bpy.data.images.new("cyclorama studio", width, height, float_buffer=True, is_data=True)
    pixels = np.ones((height, width, 4), dtype=np.float32)
    pixels[..., :3] = radiance[..., None]
    image.pixels.foreach_set(pixels.ravel())
    return image


def _open_hdr(path: Path | None) -> bpy.types.Image:
    if path is None or path.suffix.lower() not in HDR_ENDINGS:
        ending = "none" if path is None else f"'{path.suffix}'"
        raise RuntimeFailure("invalid_asset", f"the environment image ends in {ending}; expected .hdr or .exr")
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError as error:
        raise RuntimeFailure("invalid_asset", "the environment image cannot be opened") from error
    if image.size[0] == 0:
        raise RuntimeFailure("invalid_asset", "the environment image cannot be read; expected a .hdr or .exr")
    # Only an EXR can hold pixels that are not finite. One such pixel would make everything white.
    if path.suffix.lower() == ".exr" and not _brightest(image) <= LARGEST_RADIANCE:
        expected = f"expected radiances up to {LARGEST_RADIANCE:.0e}"
        raise RuntimeFailure("invalid_asset", f"the environment image has pixels that are not finite; {expected}")
    return image


def _brightest(image: bpy.types.Image) -> float:
    pixels = np.empty(len(image.pixels), dtype=np.float32)
    image.pixels.foreach_get(pixels)
    return float(np.abs(pixels, out=pixels).max())
