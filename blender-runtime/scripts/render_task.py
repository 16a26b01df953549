"""Renders one 3D file as textured, normal, depth and edge images, with a metadata.json (exercise 2).

    python render_task.py input.glb output_dir/
    blender --background --python render_task.py -- input.glb output_dir/

Reads .glb, .gltf, .obj, .fbx, .stl, .ply and .blend.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cyclorama_blender import standalone
from cyclorama_blender.protocol.contract import Answer
from cyclorama_blender.protocol.failure import RuntimeFailure

SIDES = range(16, 4097)
CHUNK_BYTES = 1 << 20


def main(argv: list[str], scratch: Path) -> int:
    """Renders one file; returns the exit code."""
    options = parse(argv)
    if options.device == "cpu":
        # Cycles asks the driver for its devices only before it renders, so this still takes effect.
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    standalone.open_blender()
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        # Cycles logs each of its steps there; failures are raised as exceptions.
        os.dup2(nowhere.fileno(), 1)
    try:
        answer = render_task(options, scratch)
    except OSError as error:
        raise RuntimeFailure("internal", str(error)) from error
    for shortfall in answer.message["shortfalls"]:
        print(f"ERROR: {shortfall['reason']}: {shortfall['message']}", file=sys.stderr)
    print(f"Wrote {len(answer.message['files'])} files to '{options.output}'.")
    return 1 if answer.message["shortfalls"] else 0


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="render_task.py", description="Renders one 3D file in four modalities.")
    parser.add_argument("input", type=Path, help="the 3D file")
    parser.add_argument("output", type=Path, help="the folder to write to")
    parser.add_argument("--width", type=int, default=512, help="pixels, 16 to 4096 (default: %(default)s)")
    parser.add_argument("--height", type=int, help="pixels, 16 to 4096 (default: the width)")
    parser.add_argument("--samples", type=int, default=16, help="Cycles samples a pixel (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of Cycles' sampling (default: %(default)s)")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="gpu: fail without one (default: %(default)s)"
    )
    options = parser.parse_args(argv)
    if options.height is None:
        options.height = options.width
    if options.width not in SIDES or options.height not in SIDES:
        parser.error(f"an image of {options.width} x {options.height} pixels; expected 16 to 4096 a side")
    if not 1 <= options.samples <= 4096:
        parser.error(f"{options.samples} samples; expected 1 to 4096")
    if not 0 <= options.seed < 1 << 31:
        parser.error(f"seed {options.seed}; expected 0 to {(1 << 31) - 1}")
    return options


def render_task(options: argparse.Namespace, scratch: Path) -> Answer:
    """Imports, renders and derives in this process, and moves the files to the output folder at the end."""
    from cyclorama_blender.imaging import derive
    from cyclorama_blender.scene.asset import importers, session
    from cyclorama_blender.scene.render import modalities

    spec = {name: getattr(options, name) for name in ("width", "height", "samples", "seed")}
    rendered, derived = scratch / "rendered", scratch / "derived"
    rendered.mkdir()
    session.reset()
    with stage(f"Importing '{options.input}'"):
        warnings = importers.import_asset(options.input)
    with stage(f"Rendering {options.width} x {options.height} pixels, {options.samples} samples"):
        request = {"spec": spec, "requireGpu": options.device == "gpu"}
        rendering = modalities.render(request, options.input, rendered, warnings)
    print(f"Rendered on {rendering.message['device']}.")
    session.reset()
    with stage("Deriving images"):
        request = {"spec": spec, "rendering": rendering.message, "source": describe_source(options.input)}
        answer = derive.derive(request, rendered, derived, lambda _stage: None, with_thumbnail=False)
    for warning in (*rendering.warnings, *answer.warnings):
        print(f"WARNING: {warning}", file=sys.stderr)
    options.output.mkdir(parents=True, exist_ok=True)
    for file in answer.message["files"]:
        shutil.move(derived / file["path"], options.output / file["path"])
    return answer


@contextlib.contextmanager
def stage(title: str) -> Iterator[None]:
    """Prints the stage's title, and keeps Blender's operators from printing their exceptions on standard output."""
    print(f"{title}...")
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def describe_source(path: Path) -> dict[str, Any]:
    """Returns the RenderSource of a local file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return {"file": path.name, "uri": str(path), "sha256": digest.hexdigest(), "sizeBytes": str(path.stat().st_size)}


if __name__ == "__main__":
    standalone.run(main, sys.argv)
