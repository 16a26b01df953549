"""Describes the contents of an imported scene besides its polygons: objects, materials, images, layers, rigs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import bpy

from cyclorama_blender.protocol.contract import Json
from cyclorama_blender.scene.asset.geometry import MeshUse

OTHER_GEOMETRY = frozenset(
    {"CURVE", "CURVES", "FONT", "GPENCIL", "GREASEPENCIL", "META", "POINTCLOUD", "SURFACE", "VOLUME"}
)


def count_objects(scene: bpy.types.Scene, uses: list[MeshUse]) -> Json:
    """Returns a SceneObjects message."""
    kinds = Counter(thing.type for thing in scene.objects)
    mesh_objects = sum(len(use.places) for use in uses)
    skinned = sum(thing.type == "MESH" and thing.find_armature() is not None for thing in scene.objects)
    named = {"armatures": "ARMATURE", "cameras": "CAMERA", "lights": "LIGHT", "empties": "EMPTY"}
    return {
        "total": len(scene.objects),
        "meshObjects": str(mesh_objects),
        "meshes": len(uses),
        "instances": str(mesh_objects - len(uses)),
        "skinned": skinned,
        **{name: kinds[kind] for name, kind in named.items()},
        "others": sum(count for kind, count in kinds.items() if kind not in {"MESH", *named.values()}),
    }


def count_bones(scene: bpy.types.Scene) -> int:
    """Counts the bones of all armature objects."""
    return sum(len(thing.data.bones) for thing in scene.objects if thing.type == "ARMATURE")


def count_shape_keys(uses: list[MeshUse]) -> int:
    """Counts the shape keys of the meshes, without the basis of each."""
    return sum(len(use.mesh.shape_keys.key_blocks) - 1 for use in uses if use.mesh.shape_keys)


def layer_names(uses: list[MeshUse]) -> tuple[list[str], list[str]]:
    """Returns the names of the UV maps and of the vertex colours, each sorted."""
    uv = {layer.name for use in uses for layer in use.mesh.uv_layers}
    color = {layer.name for use in uses for layer in use.mesh.color_attributes}
    return sorted(uv), sorted(color)


def find_materials(uses: list[MeshUse]) -> list[bpy.types.Material]:
    """Lists the materials that the mesh objects use, by name."""
    owners = {thing for use in uses for thing in use.owners}
    found = {slot.material for thing in owners for slot in thing.material_slots if slot.material}
    return sorted(found, key=lambda material: material.name)


def count_material_kinds(materials: list[bpy.types.Material]) -> dict[str, int]:
    """Counts the materials of each kind: principled, unlit, other or none."""
    return dict(sorted(Counter(_material_kind(material) for material in materials).items()))


def _material_kind(material: bpy.types.Material) -> str:
    if not material.use_nodes or material.node_tree is None:
        return "none"
    shaders = {node.type for node in surface_nodes(material.node_tree)}
    if "BSDF_PRINCIPLED" in shaders:
        return "principled"
    if "EMISSION" in shaders and not any(kind.startswith("BSDF_") for kind in shaders - {"BSDF_TRANSPARENT"}):
        return "unlit"
    return "other"


def surface_nodes(tree: bpy.types.NodeTree) -> Iterator[bpy.types.Node]:
    """Yields the nodes that Cycles makes the surface of a material of, and all nodes of the groups among them."""
    output = tree.get_output_node("CYCLES")
    waiting = [output.inputs["Surface"]] if output else []
    seen: set[bpy.types.Node] = set()
    while waiting:
        for link in waiting.pop().links:
            if link.from_node not in seen:
                seen.add(link.from_node)
                waiting += link.from_node.inputs
    yield from seen
    for group in with_groups(_groups(seen)):
        yield from group.nodes


def with_groups(trees: Iterable[bpy.types.NodeTree]) -> list[bpy.types.NodeTree]:
    """Lists node trees and the trees of all groups inside them, each once, though many groups may use one tree."""
    found = list(dict.fromkeys(trees))
    seen = set(found)
    for tree in found:
        inside = _groups(tree.nodes) - seen
        seen |= inside
        found += inside
    return found


def _groups(nodes: Iterable[bpy.types.Node]) -> set[bpy.types.NodeTree]:
    return {node.node_tree for node in nodes if node.type == "GROUP" and node.node_tree}


def describe_textures() -> list[Json]:
    """Returns a Texture message for each image that came with the asset, by name."""
    images = [image for image in bpy.data.images if image.source != "VIEWER"]
    return [_describe_texture(image) for image in sorted(images, key=lambda image: image.name)]


def _describe_texture(image: bpy.types.Image) -> Json:
    if is_missing(image):
        return {"name": image.name, "missing": True}
    width, height = image.size
    # An image that is no file has the format in which Blender would save it.
    form = image.source if image.source in ("GENERATED", "MOVIE") else image.file_format
    return {"name": image.name, "width": width, "height": height, "format": form.lower()}


def warn_missing_textures(*, with_packed: bool = True) -> list[str]:
    """Warns of images that are missing or cannot be read.

    Args:
        with_packed: whether to check packed images too, which Blender has to read for that.
    """
    images = [image for image in bpy.data.images if with_packed or not image.packed_files]
    missing = sorted(_file_name(image) for image in images if is_missing(image))
    tiles = sorted((_file_name(image), missing_tiles(image)) for image in images)
    return [
        *(f"texture '{name}' is missing or cannot be read" for name in missing),
        *(f"texture '{name}' lacks tiles {' '.join(map(str, lacking))}" for name, lacking in tiles if lacking),
    ]


def is_missing(image: bpy.types.Image) -> bool:
    """Returns whether an image is missing as a whole; of a sequence only the frame in its path is checked."""
    if image.source in ("FILE", "MOVIE"):
        # If the importer has not read the image yet, Blender reads it now.
        return image.size[0] == 0
    if image.source == "SEQUENCE":
        return not Path(_absolute(image)).is_file()
    return image.source == "TILED" and len(_absent_tiles(image)) == len(image.tiles)


def missing_tiles(image: bpy.types.Image) -> list[int]:
    """Returns the numbers of the missing tiles (UDIM) of an image that has other tiles."""
    absent = _absent_tiles(image)
    return absent if len(absent) < len(image.tiles) else []


def _absent_tiles(image: bpy.types.Image) -> list[int]:
    if image.source != "TILED" or image.packed_files or not image.filepath:
        return []
    path = _absolute(image)
    return [tile.number for tile in image.tiles if not Path(_name_tile(path, tile.number)).is_file()]


def _name_tile(path: str, number: int) -> str:
    v, u = divmod(number - 1001, 10)
    return path.replace("<UDIM>", str(number)).replace("<UVTILE>", f"u{u + 1}_v{v + 1}")


def _absolute(image: bpy.types.Image) -> str:
    return bpy.path.abspath(image.filepath, library=image.library).replace("\\", "/")


def _file_name(image: bpy.types.Image) -> str:
    return PurePosixPath(image.filepath.replace("\\", "/")).name or image.name


def warn_other_geometry(scene: bpy.types.Scene) -> list[str]:
    """Warns of objects whose geometry is not polygons."""
    kinds = Counter(thing.type for thing in scene.objects if thing.type in OTHER_GEOMETRY)
    return [
        f"objects of type {kind} are neither counted nor measured: {count}" for kind, count in sorted(kinds.items())
    ]
