"""Writes the vertex and face counts, topology and dimensions of one 3D file as JSON (exercise 1).

    python mini_inspector.py input.glb output.json
    blender --background --python mini_inspector.py -- input.glb output.json

Reads .glb, .gltf, .obj, .fbx, .stl, .ply and .blend.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cyclorama_blender import report, standalone
from cyclorama_blender.protocol.failure import RuntimeFailure


def main(argv: list[str], _scratch: Path) -> int:
    """Inspects one file; returns the exit code."""
    parser = argparse.ArgumentParser(prog="mini_inspector.py", description="Writes metadata of one 3D file as JSON.")
    parser.add_argument("input", type=Path, help="the 3D file")
    parser.add_argument("output", type=Path, help="the JSON file to write")
    options = parser.parse_args(argv)
    standalone.open_blender()
    try:
        answer = standalone.inspect_file(options.input)
        text = report.print_report(report.inspection_report(options.input.name, answer.message))
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RuntimeFailure("internal", str(error)) from error
    for warning in answer.warnings:
        print(f"WARNING: {warning}", file=sys.stderr)
    print(f"Report written to '{options.output}'.")
    return 0


if __name__ == "__main__":
    standalone.run(main, sys.argv)
