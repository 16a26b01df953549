"""Counts the geometry of one file with bpy alone, as anybody would: the yardstick for what the services report.

Usage: PYTHONHASHSEED=0 python plain_count.py FILE
Prints one JSON object: vertices, faces, triangles, quads, ngons. Ends with a traceback where the file does not import.
"""

import json
import sys
from pathlib import Path

import bpy

IMPORTERS = {
    ".glb": bpy.ops.import_scene.gltf,
    ".gltf": bpy.ops.import_scene.gltf,
    ".obj": bpy.ops.wm.obj_import,
    ".fbx": bpy.ops.import_scene.fbx,
    ".stl": bpy.ops.wm.stl_import,
    ".ply": bpy.ops.wm.ply_import,
}


def load(path: Path) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True, load_ui=False)
    suffix = path.suffix.lower()
    if suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    elif suffix in (".glb", ".gltf"):
        # Else the importer adds a mesh of its own for the display of bones.
        IMPORTERS[suffix](filepath=str(path), disable_bone_shape=True)
    else:
        IMPORTERS[suffix](filepath=str(path))


def count() -> dict[str, int]:
    scene = bpy.context.scene
    meshes = [thing.data for thing in scene.objects if thing.type == "MESH"]
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        original = instance.object.original
        if instance.is_instance and instance.object.type == "MESH" and original.type == "MESH":
            meshes.append(original.data)
    corners = [len(polygon.vertices) for mesh in meshes for polygon in mesh.polygons]
    return {
        "vertices": sum(len(mesh.vertices) for mesh in meshes),
        "faces": len(corners),
        "triangles": corners.count(3),
        "quads": corners.count(4),
        "ngons": sum(total > 4 for total in corners),
    }


load(Path(sys.argv[1]))
sys.stdout.write("\n" + json.dumps(count()) + "\n")
