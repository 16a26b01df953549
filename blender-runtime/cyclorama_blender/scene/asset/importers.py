"""Imports one asset into Blender's empty scene; the ending of its name chooses the importer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy

from cyclorama_blender.maths.references import Reference, split_references
from cyclorama_blender.protocol.failure import RuntimeFailure, operator_failure, operator_message
from cyclorama_blender.scene.asset.session import force_scene_settings

log = logging.getLogger(__name__)

_LFS_POINTER = b"version https://git-lfs"
_BLEND_MAGICS = (b"BLENDER", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")

_SEPARATORS = r"[/\\]"
_DISPENSABLE = ("images", "sounds", "fonts", "movieclips", "volumes")
"""Kinds of data whose files an asset can do without: a texture is then missing, and letters have Blender's own font.

Vertex caches and libraries are not listed, since without them the shape would be wrong. Blender reads these files only
when they are needed, which is after their paths were changed. It tries fonts already while it opens the asset: there
only the sandbox keeps it inside the folder; without a sandbox it reads them and drops them when the path changes.
"""
_WITH_NODES = ("materials", "lights", "worlds")
"""Kinds of data whose nodes may refer to a lamp's profile (IES)."""

Warnings = list[str]


def import_asset(path: Path) -> Warnings:
    """Imports the file into the empty scene, as Blender's own importer does by default.

    Returns:
        Warnings for the user, such as a missing texture.

    Raises:
        RuntimeFailure: `unsupported_format`, `invalid_asset`, `import_failed`, `unsafe_reference` or
            `missing_dependency`.
    """
    importer = _IMPORTERS.get(path.suffix.lower())
    if importer is None:
        known = " ".join(sorted(_IMPORTERS))
        raise RuntimeFailure("unsupported_format", f"'{path.name}' ends in '{path.suffix}'; expected one of {known}")
    with path.open("rb") as file:
        head = file.read(32)
    if not head:
        raise RuntimeFailure("invalid_asset", f"'{path.name}' is empty")
    if head.startswith(_LFS_POINTER):
        raise RuntimeFailure("invalid_asset", f"'{path.name}' is a Git LFS pointer; expected the file itself")
    return importer(path, head)


def _import_gltf(path: Path, _head: bytes) -> Warnings:
    # The bone shape would add a mesh object that is not in the file, an icosphere of 42 vertices.
    options = _known_options(bpy.ops.import_scene.gltf, {"disable_bone_shape": True})
    _call(bpy.ops.import_scene.gltf, path, options)
    return []


def _import_obj(path: Path, _head: bytes) -> Warnings:
    _call(bpy.ops.wm.obj_import, path, {})
    return []


def _import_fbx(path: Path, _head: bytes) -> Warnings:
    _call(bpy.ops.import_scene.fbx, path, {})
    return []


def _import_stl(path: Path, _head: bytes) -> Warnings:
    _call(bpy.ops.wm.stl_import, path, {})
    return []


def _import_ply(path: Path, _head: bytes) -> Warnings:
    _call(bpy.ops.wm.ply_import, path, {})
    return []


def _open_blend(path: Path, head: bytes) -> Warnings:
    if not head.startswith(_BLEND_MAGICS):
        raise RuntimeFailure("unsupported_format", f"'{path.name}' is no .blend file: it starts with {head[:7]!r}")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        log.warning("open_mainfile: %s", error)
        message = operator_message(error, str(path.parent))
        reason = "unsupported_format" if "newer" in message else "import_failed"
        raise RuntimeFailure(reason, f"Blender {bpy.app.version_string}: {message}") from error
    for scene in bpy.data.scenes:
        force_scene_settings(scene)
    return _check_references(path) + _age_warning()


def _check_references(path: Path) -> Warnings:
    """Keeps a .blend from reading outside its folder: such files are looked for beside it, with a warning."""
    inside, outside = _split_references(path)
    _repoint_beside_asset({written for written, _ in outside})
    _, still_outside = _split_references(path)
    if still_outside:
        first, *others = _each_file_once(still_outside)
        more = f" and {len(others)} more" if others else ""
        raise RuntimeFailure(
            "unsafe_reference",
            f"'{path.name}' refers to '{first}'{more}; expected files in its own folder, or packed ones",
        )
    missing = _missing_libraries(path)
    return [
        *(f"links '{written}', which is not there: what comes from it is missing" for written in missing),
        *(
            f"refers to '{written}', which is not packed into the file"
            for written in _file_names(inside)
            if written not in missing
        ),
        *(f"refers to '{written}' outside its folder, which is not read" for written in _file_names(outside)),
    ]


def _file_names(references: Iterable[Reference]) -> list[str]:
    """Returns one spelling of each file. Blender saves a volume's empty path as dots alone, which name no file."""
    return [written for written in _each_file_once(references) if written.strip("./\\")]


def _split_references(path: Path) -> tuple[list[Reference], list[Reference]]:
    """Returns the references inside the folder and those that leave it, sorted by their absolute paths."""
    return split_references(_references(), str(path.parent.resolve()))


def _each_file_once(references: Iterable[Reference]) -> list[str]:
    """Returns one spelling of each file."""
    return list({absolute: written for written, absolute in references}.values())


def _repoint_beside_asset(outside: set[str]) -> None:
    """Makes dispensable data look beside the asset for files outside the folder."""
    for block in _dispensable():
        if block.filepath in outside:
            block.filepath = f"//{re.split(_SEPARATORS, block.filepath)[-1]}"


def _dispensable() -> Iterator[Any]:
    for kind in _DISPENSABLE:
        yield from getattr(bpy.data, kind)
    trees = [block.node_tree for kind in _WITH_NODES for block in getattr(bpy.data, kind) if block.node_tree]
    for tree in (*trees, *bpy.data.node_groups):
        yield from (node for node in tree.nodes if node.bl_idname == "ShaderNodeTexIES")


def _missing_libraries(path: Path) -> list[str]:
    """Returns the paths of missing libraries. Refuses a .blend that has no geometry of its own besides them."""
    missing = [
        library.filepath
        for library in bpy.data.libraries
        if library.packed_file is None and not Path(bpy.path.abspath(library.filepath)).exists()
    ]
    if missing and not any(len(mesh.polygons) for mesh in bpy.data.meshes):
        raise RuntimeFailure(
            "missing_dependency",
            f"'{path.name}' has no mesh but links data from '{missing[0]}'; expected it in the file itself",
        )
    return missing


def _references() -> list[Reference]:
    """Lists the files that the .blend would read, each as written and as an absolute path."""
    written, absolute = (bpy.utils.blend_paths(absolute=wanted, packed=False) for wanted in (False, True))
    libraries = {library.filepath for library in bpy.data.libraries}
    # Some paths only note an origin and are never read: of scripts, appended assets and brushes.
    scripts = {text.filepath for text in bpy.data.texts}
    return [
        (here, there)
        for here, there in zip(written, absolute, strict=True)
        if here and here not in scripts and (here in libraries or not here.endswith(".blend"))
    ]


def _age_warning() -> Warnings:
    written_by = tuple(bpy.data.version)
    if written_by[:2] <= bpy.app.version[:2]:
        return []
    newer, ours = (".".join(map(str, version)) for version in (written_by, bpy.app.version))
    return [f"saved by Blender {newer}, which is newer than {ours}: some of it may be lost"]


def _call(operator: Callable[..., set[str]], path: Path, options: dict[str, Any]) -> None:
    try:
        outcome = operator(filepath=str(path), **options)
    except RuntimeError as error:
        log.warning("%s: %s", path.name, error)
        raise operator_failure(error, str(path.parent)) from error
    if "FINISHED" not in outcome:
        raise RuntimeFailure("import_failed", f"the importer of '{path.suffix}' ended with {sorted(outcome)}")


def _known_options(operator: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Returns the options that this version's operator has, since add-on versions differ in their names."""
    known = set(operator.get_rna_type().properties.keys())
    return {name: value for name, value in options.items() if name in known}


_IMPORTERS: dict[str, Callable[[Path, bytes], Warnings]] = {
    ".glb": _import_gltf,
    ".gltf": _import_gltf,
    ".obj": _import_obj,
    ".fbx": _import_fbx,
    ".stl": _import_stl,
    ".ply": _import_ply,
    ".blend": _open_blend,
}
