"""Puts the four images that render_task.py wrote side by side.

It makes the picture in the README of the project:

    node scripts/python.mjs blender-runtime/scripts/render_task.py samples/helmet.glb helmet/
    node scripts/python.mjs blender-runtime/scripts/modalities_strip.py helmet/ docs/images/modalities.png

Columns without a pixel of the object are cut off, and the transparent textured image gets a light background.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cyclorama_blender import standalone
from cyclorama_blender.imaging import png
from cyclorama_blender.protocol.failure import RuntimeFailure

MODALITIES = ("textured", "normal", "depth", "edge")
PAPER = 244
"""Grey behind the textured image, lighter than any object and darker than the white of the other images."""
GAP = 8
"""Border between the images and around them, pixels of the strip."""

BORDER = 24
"""Width of what stays free on both sides of the object, pixels."""

Bytes = npt.NDArray[np.uint8]


def main(argv: list[str], scratch: Path) -> int:  # noqa: ARG001
    """Writes the strip; returns the exit code."""
    options = parse(argv)
    standalone.open_blender()
    images = [read_image(options.images / f"render_{modality}.png") for modality in MODALITIES]
    if len({image.shape for image in images}) > 1:
        raise RuntimeFailure("invalid_render", f"the images of '{options.images}' differ in size")
    strip = compose(crop(images))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    png.write_png(options.output, strip, "up", 9, srgb=True)
    print(f"Wrote {strip.shape[1]} x {strip.shape[0]} pixels to '{options.output}'.")
    return 0


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="modalities_strip.py", description="Puts four images side by side.")
    parser.add_argument("images", type=Path, help="the folder that render_task.py wrote")
    parser.add_argument("output", type=Path, help="the PNG file to write")
    return parser.parse_args(argv)


def read_image(path: Path) -> npt.NDArray[np.float32]:
    """Reads a PNG with Blender, which the script has anyway.

    Returns:
        RGB (H, W, 3) of 0 to 1, the first line on top. Transparent pixels have the colour of the paper.

    Raises:
        RuntimeFailure: `invalid_render`, there is no such image.
    """
    import bpy

    try:
        image = bpy.data.images.load(str(path.resolve()))
    except RuntimeError as error:
        raise RuntimeFailure("invalid_render", f"cannot read '{path}'; expected an image of render_task.py") from error
    # Without this, Blender would multiply the colours by alpha.
    image.alpha_mode = "CHANNEL_PACKED"
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    lines = pixels.reshape(height, width, 4)[::-1]
    colours, alpha = lines[..., :3], lines[..., 3:]
    return colours * alpha + np.float32(PAPER / 255) * (1 - alpha)


def crop(images: list[npt.NDArray[np.float32]]) -> list[npt.NDArray[np.float32]]:
    """Cuts the same columns off all images: those where the first one shows only paper, except for a border."""
    seen = np.flatnonzero((np.abs(images[0] - PAPER / 255) > 1 / 255).any(axis=(0, 2)))
    if len(seen) == 0:
        return images
    left, right = max(0, seen[0] - BORDER), seen[-1] + 1 + BORDER
    return [image[:, left:right] for image in images]


def compose(images: list[npt.NDArray[np.float32]]) -> Bytes:
    """Puts images of one size side by side on paper, with a gap between and around them."""
    height, width, _ = images[0].shape
    strip = np.full((height + 2 * GAP, len(images) * (width + GAP) + GAP, 3), PAPER, np.uint8)
    for number, image in enumerate(images):
        left = GAP + number * (width + GAP)
        strip[GAP : GAP + height, left : left + width] = (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)
    return strip


if __name__ == "__main__":
    standalone.run(main, sys.argv)
