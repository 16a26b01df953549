"""Makes materials look as the asset means: vertex colours, neutral textures for missing ones, importers' quirks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import bpy
import numpy as np

from cyclorama_blender.scene.asset.contents import is_missing, missing_tiles, warn_missing_textures, with_groups
from cyclorama_blender.scene.staging.omissions import warn_first, warn_materials

COLOR_ENDINGS = (".obj", ".ply")
"""Formats whose importers read vertex colours but do not use them in the materials."""

GLTF_ENDINGS = (".gltf", ".glb")

NEUTRAL = (
    # reached input, colour, whether it is a colour rather than a number
    (("Normal", "Tangent", "Coat Normal"), (0.5, 0.5, 1.0), False),
    (("Base Color", "Color"), (0.6, 0.6, 0.6), True),
    (("Emission Color",), (0.0, 0.0, 0.0), True),
    # Occlusion, roughness and metalness share an image, in red, green and blue.
    (("Roughness", "Metallic", "Occlusion"), (1.0, 0.6, 0.0), False),
)
NEUTRAL_DEFAULT = ((0.6, 0.6, 0.6), False)

COLORS = {"Base Color", "Color", "Emission Color", "Specular Tint", "Sheen Tint"}
"""Inputs of shaders whose textures are in sRGB in a glTF."""

DISTANCES = {
    "BSDF_PRINCIPLED": {"Subsurface Scale": 1},
    "SUBSURFACE_SCATTERING": {"Scale": 1},
    "BUMP": {"Distance": 1},
    "BEVEL": {"Radius": 1},
    "AMBIENT_OCCLUSION": {"Distance": 1},
    "WIREFRAME": {"Size": 1},
    "DISPLACEMENT": {"Scale": 1},
    "VECTOR_DISPLACEMENT": {"Scale": 1},
    "VOLUME_ABSORPTION": {"Density": -1},
    "VOLUME_SCATTER": {"Density": -1},
    "PRINCIPLED_VOLUME": {"Density": -1, "Emission Strength": -1, "Blackbody Intensity": -1},
    "VOLUME_COEFFICIENTS": {"Absorption Coefficients": -1, "Scatter Coefficients": -1, "Emission Coefficients": -1},
}
"""Maps a node's type to its inputs in world units, with the power of the length: 1, or -1 for a quantity per length."""


def finish_materials(meshes: Sequence[bpy.types.Mesh], ending: str, scale: float) -> list[str]:
    """Corrects the materials of the meshes, which are rendered `scale` times as large as in the file.

    Returns:
        Warnings for the user.
    """
    if ending in COLOR_ENDINGS:
        for mesh in meshes:
            _show_vertex_colors(mesh)
    materials = {material for mesh in meshes for material in mesh.materials if material is not None}
    with_nodes = [material for material in materials if material.use_nodes and material.node_tree]
    plain = [material.name for material in with_nodes if not _take_output(material)]
    warnings = [
        *warn_missing_textures(),
        *warn_materials(materials),
        *warn_first("no output for any renderer of today, so the plain colour is taken", plain),
    ]
    for material in sorted(materials, key=lambda material: material.name_full):
        # Displaced surfaces could leave the image, since framing measures their vertices alone.
        material.displacement_method = "BUMP"
        if material.node_tree is None:
            continue
        if ending in GLTF_ENDINGS:
            _show_unlit(material)
        if ending == ".fbx" and _make_opaque(material.node_tree):
            warnings.append(f"material '{material.name}' is fully transparent in the FBX; taken as opaque")
    colors: dict[bpy.types.Image, bpy.types.Image] = {}
    for tree in with_groups(material.node_tree for material in materials if material.node_tree):
        _replace_missing_images(tree)
        if ending in GLTF_ENDINGS:
            _show_as_colors(tree, colors)
        if scale != 1:
            _rescale(tree, scale)
    return warnings


def _show_vertex_colors(mesh: bpy.types.Mesh) -> None:
    layer = mesh.color_attributes.active_color or next(iter(mesh.color_attributes), None)
    if layer is None:
        return
    if not any(mesh.materials):
        material = bpy.data.materials.new("cyclorama vertex colours")
        material.use_nodes = True
        mesh.materials.clear()
        mesh.materials.append(material)
    for material in mesh.materials:
        shader = _principled(material)
        if shader is None or shader.inputs["Base Color"].is_linked:
            continue
        tree = material.node_tree
        colors = tree.nodes.new("ShaderNodeVertexColor")
        colors.layer_name = layer.name
        tree.links.new(colors.outputs["Color"], shader.inputs["Base Color"])


def _principled(material: bpy.types.Material | None) -> bpy.types.Node | None:
    if material is None or material.node_tree is None:
        return None
    return next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)


def _take_output(material: bpy.types.Material) -> bool:
    """Gives Cycles EEVEE's output, or else the plain colour, if it has no output of its own: all would be black.

    Returns:
        Whether the material had an output.
    """
    tree = material.node_tree
    if tree.get_output_node("CYCLES") is not None:
        return True
    output = tree.get_output_node("EEVEE")
    if output is not None:
        output.target = "ALL"
        return True
    output, shader = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("OutputMaterial", "BsdfPrincipled"))
    shader.inputs["Base Color"].default_value = material.diffuse_color
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return False


def _make_opaque(tree: bpy.types.NodeTree) -> bool:
    """Undoes an opacity of exactly 0, which many exporters write for `no transparency`; returns whether it did."""
    shaders = [node for node in tree.nodes if node.type == "BSDF_PRINCIPLED"]
    alphas = [node.inputs["Alpha"] for node in shaders]
    invisible = [alpha for alpha in alphas if not alpha.is_linked and alpha.default_value == 0]
    for alpha in invisible:
        alpha.default_value = 1.0
    return bool(invisible)


def _replace_missing_images(tree: bpy.types.NodeTree) -> None:
    """Replaces missing images by images of one neutral colour; Blender would show magenta."""
    for node in tree.nodes:
        if node.type not in ("TEX_IMAGE", "TEX_ENVIRONMENT"):
            continue
        if node.image is None or is_missing(node.image):
            color, is_color = _neutral(node)
            node.image = bpy.data.images.new("cyclorama neutral", 4, 4, alpha=True, is_data=not is_color)
            node.image.pixels.foreach_set(np.tile(np.array([*color, 1.0], dtype=np.float32), 16))
        elif lacking := missing_tiles(node.image):
            _fill_tiles(node.image, lacking, _neutral(node)[0])


def _show_as_colors(tree: bpy.types.NodeTree, copies: dict[bpy.types.Image, bpy.types.Image]) -> None:
    """Gives colours their own sRGB copy of an image that the importer shares with data, as roughness in its alpha."""
    for node in tree.nodes:
        if node.type != "TEX_IMAGE" or not node.image.colorspace_settings.is_data:
            continue
        if node.outputs["Color"].is_linked and _reached_inputs(node) & COLORS:
            if node.image not in copies:
                copies[node.image] = node.image.copy()
                copies[node.image].colorspace_settings.name = "sRGB"
            node.image = copies[node.image]


def _show_unlit(material: bpy.types.Material) -> None:
    """Makes unlit surfaces visible through glass too; the importer shows them only to rays from the camera."""
    tree = material.node_tree
    for path in [node for node in tree.nodes if node.type == "LIGHT_PATH" and node.outputs["Is Camera Ray"].is_linked]:
        # Shadow, reflection and diffuse rays still pass through them, or else they would light other surfaces.
        material.cycles.emission_sampling = "NONE"
        hidden = [path.outputs[name] for name in ("Is Shadow Ray", "Is Reflection Ray", "Diffuse Depth")]
        steps = [tree.nodes.new("ShaderNodeMath") for _ in hidden]
        for step, output in zip(steps, hidden, strict=True):
            step.operation, step.use_clamp = "SUBTRACT", True
            step.inputs[0].default_value = 1.0
            tree.links.new(output, step.inputs[1])
        for before, after in pairwise(steps):
            tree.links.new(before.outputs[0], after.inputs[0])
        for link in list(path.outputs["Is Camera Ray"].links):
            tree.links.new(steps[-1].outputs[0], link.to_socket)


def _fill_tiles(image: bpy.types.Image, numbers: Sequence[int], color: Sequence[float]) -> None:
    order = [tile.number for tile in image.tiles]
    for number in numbers:
        image.tiles.active_index = order.index(number)
        with bpy.context.temp_override(edit_image=image):
            bpy.ops.image.tile_fill(color=(*color, 1.0), width=4, height=4)


def _rescale(tree: bpy.types.NodeTree, scale: float) -> None:
    """Scales inputs in world units with the object. Inputs that other nodes compute stay."""
    for node in tree.nodes:
        if (node.type == "WIREFRAME" and node.use_pixel_size) or getattr(node, "space", "WORLD") != "WORLD":
            continue
        for name, power in DISTANCES.get(node.type, {}).items():
            socket = node.inputs.get(name)
            if socket is not None and not socket.is_linked:
                factor = scale**power
                value = socket.default_value
                socket.default_value = value * factor if isinstance(value, float) else [each * factor for each in value]


def _neutral(node: bpy.types.Node) -> tuple[tuple[float, float, float], bool]:
    """Returns a neutral value for the inputs that the node's image feeds, and whether it is a colour."""
    reached = _reached_inputs(node)
    return next(((color, is_color) for names, color, is_color in NEUTRAL if reached & set(names)), NEUTRAL_DEFAULT)


def _reached_inputs(node: bpy.types.Node) -> set[str]:
    """Returns the names of the shader inputs that a node feeds."""
    reached: set[str] = set()
    seen, waiting = {node}, [node]
    while waiting:
        for output in waiting.pop().outputs:
            for link in output.links:
                if link.to_node.type.startswith(("BSDF_", "EMISSION", "NORMAL_MAP", "BUMP")):
                    normal = link.to_node.type in ("NORMAL_MAP", "BUMP")
                    reached.add("Normal" if normal else link.to_socket.name)
                elif link.to_node not in seen:
                    seen.add(link.to_node)
                    waiting.append(link.to_node)
    return reached
