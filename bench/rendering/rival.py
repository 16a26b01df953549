"""Makes four images of an asset as most scripts do: one Cycles render for each, and none derived.

    python rival.py SAMPLES DATA_SAMPLES MODALITIES < lines of ["INPUT","OUTPUT_DIR"]

Prints `ready`, and `done` after each line. Staging, light, camera and sampling are our own runtime's, so that only the
strategy differs: the compositor makes normals and depth, Freestyle makes edges, and Blender writes the PNGs.
DATA_SAMPLES is the number of samples of all images except the textured one; if it is below SAMPLES, those images are
not denoised.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import bpy
from mathutils import Matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "blender-runtime"))

from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.maths.framing import frame_views
from cyclorama_blender.maths.views import arrange
from cyclorama_blender.protocol.render_spec import SENSOR_WIDTH_MM, RenderSpec, defaults
from cyclorama_blender.scene.asset import importers, session
from cyclorama_blender.scene.render import cycles_setup
from cyclorama_blender.scene.render.lighting import light_scene
from cyclorama_blender.scene.staging.staged_scene import stage_scene


def build(path: Path, spec: RenderSpec) -> bpy.types.Scene:
    """Imports a file and sets up staging, light and camera as the service does."""
    session.reset()
    importers.import_asset(path)
    staged = stage_scene(path, spec.object_scale)
    scene = staged.scene
    light_scene(scene, spec.lighting, None)
    camera = Intrinsics.of(spec)
    (shot,) = frame_views(
        staged.parts, arrange(spec.views), camera, spec.framing_margin
    )
    lens = bpy.data.cameras.new("rival")
    lens.sensor_fit, lens.sensor_width, lens.lens = (
        "HORIZONTAL",
        SENSOR_WIDTH_MM,
        camera.focal_length_mm,
    )
    lens.clip_start, lens.clip_end = shot.clip_start, shot.clip_end
    eye = bpy.data.objects.new("rival", lens)
    eye.matrix_world = Matrix(shot.view.pose)
    scene.collection.objects.link(eye)
    scene.camera = eye
    return scene


def shoot(
    scene: bpy.types.Scene, spec: RenderSpec, modality: str, folder: Path
) -> None:
    """Renders one image."""
    cycles_setup.configure(scene, spec)
    settings = scene.render.image_settings
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "8"
    scene.view_settings.view_transform = (
        "Standard" if modality in ("textured", "edge") else "Raw"
    )
    scene.use_nodes = modality in MAPPINGS
    scene.render.use_compositing = scene.use_nodes
    scene.node_tree and scene.node_tree.nodes.clear()
    if scene.use_nodes:
        tree = scene.node_tree
        layers = tree.nodes.new("CompositorNodeRLayers")
        layers.scene = scene
        out = tree.nodes.new("CompositorNodeComposite")
        tree.links.new(
            MAPPINGS[modality](tree, layers, scene.camera.data), out.inputs["Image"]
        )
    scene.render.use_freestyle = modality == "edge"
    scene.view_layers[0].use_freestyle = modality == "edge"
    if modality == "edge":
        freestyle = scene.view_layers[0].freestyle_settings
        freestyle.mode = "EDITOR"
        if not freestyle.linesets:
            freestyle.linesets.new("lines")
    scene.render.filepath = str(folder / f"render_{modality}.png")
    bpy.ops.render.render(write_still=True, scene=scene.name)


def map_normal(
    tree: bpy.types.NodeTree, layers: bpy.types.Node, _lens: bpy.types.Camera
) -> bpy.types.NodeSocket:
    """Adds nodes that map the normal to colours: half the normal plus a half."""
    socket = layers.outputs["Normal"]
    for operation in ("MULTIPLY", "ADD"):
        node = tree.nodes.new("CompositorNodeMixRGB")
        node.blend_type = operation
        node.inputs[2].default_value = (0.5, 0.5, 0.5, 1.0)
        tree.links.new(socket, node.inputs[1])
        socket = node.outputs[0]
    return socket


def map_depth(
    tree: bpy.types.NodeTree, layers: bpy.types.Node, lens: bpy.types.Camera
) -> bpy.types.NodeSocket:
    """Adds nodes that map depth to grey: black at the near plane, white at the far plane."""
    node = tree.nodes.new("CompositorNodeMapRange")
    node.use_clamp = True
    node.inputs[1].default_value, node.inputs[2].default_value = (
        lens.clip_start,
        lens.clip_end,
    )
    tree.links.new(layers.outputs["Depth"], node.inputs[0])
    return node.outputs[0]


MAPPINGS: dict[str, Callable[..., bpy.types.NodeSocket]] = {
    "normal": map_normal,
    "depth": map_depth,
}


def main(argv: list[str]) -> None:
    """Renders the asset of each line of standard input."""
    samples, data_samples = int(argv[0]), int(argv[1])
    # Blender's own log goes to standard error.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    session.reset()
    print("ready", file=replies)
    full = defaults(samples=samples)
    data = (
        defaults(samples=data_samples, denoising="OFF")
        if data_samples < samples
        else full
    )
    for line in sys.stdin:
        source, folder = map(Path, json.loads(line))
        scene = build(source, full)
        for modality in argv[2].split(","):
            shoot(scene, full if modality == "textured" else data, modality, folder)
        print("done", file=replies)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)
