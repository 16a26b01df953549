"""Measures the quality of the textured image against its time, for each number of samples and each denoiser.

    python quality.py SIZE REFERENCE_SAMPLES ROUNDS FILE... > curve.jsonl

Each line has file, samples, denoising, psnr (dB against the reference, 8-bit sRGB over white, least of the seeds) and
seconds (processor time, median of the rounds). The reference has many samples, another seed and no denoiser.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cyclorama_blender.imaging.colour import textured
from cyclorama_blender.imaging.passes import read_passes
from cyclorama_blender.protocol.render_spec import RenderSpec, defaults
from cyclorama_blender.scene.render import cycles_setup
from rival import build

CANDIDATES = [
    (samples, denoising)
    for denoising in ("OFF", "FAST", "HIGH", "ACCURATE")
    for samples in (4, 8, 16, 32, 64, 128)
    if denoising != "OFF" or samples >= 16
]


def shoot(
    scene: bpy.types.Scene, spec: RenderSpec, folder: Path
) -> tuple[np.ndarray, float]:
    """Renders once; returns the image over white as floats 0 to 255, and the processor seconds it took."""
    cycles_setup.configure(scene, spec)
    path = folder / "view.exr"
    scene.render.filepath = str(path)
    since = time.process_time()
    bpy.ops.render.render(write_still=True, scene=scene.name)
    seconds = time.process_time() - since
    return textured(read_passes(path, spec.width, spec.height), "WHITE").astype(
        np.float64
    ), seconds


def psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """Returns the peak signal to noise ratio in dB, over the pixels that are not white in both images."""
    shown = ((image < 255) | (reference < 255)).any(axis=-1)
    error = float(np.mean((image[shown] - reference[shown]) ** 2))
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf


def main(argv: list[str]) -> None:
    """Measures every candidate on every file."""
    size, reference_samples, rounds = map(int, argv[:3])
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in argv[3:]:
            shape = {"width": size, "height": size}
            scene = build(Path(file), defaults(**shape))
            spec = defaults(
                **shape, samples=reference_samples, denoising="OFF", seed=99
            )
            reference, _ = shoot(scene, spec, folder)
            for samples, denoising in CANDIDATES:
                runs = [
                    shoot(
                        scene,
                        defaults(
                            **shape, samples=samples, denoising=denoising, seed=seed
                        ),
                        folder,
                    )
                    for seed in range(rounds)
                ]
                line = {
                    "file": Path(file).name,
                    "samples": samples,
                    "denoising": denoising,
                    "psnr": round(min(psnr(image, reference) for image, _ in runs), 2),
                    "seconds": round(
                        statistics.median(seconds for _, seconds in runs), 3
                    ),
                }
                print(json.dumps(line), file=replies)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)
