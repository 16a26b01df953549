"""Inspects one file as a first script would: it starts Blender, imports the file, counts, prints JSON and ends.

The peer of bench/analysis: `python plain_inspect.py FILE.glb`.
"""

import json
import sys

import bpy

bpy.ops.wm.read_factory_settings(use_empty=True)
# The importer adds bone shapes as meshes of its own; without them the counts are those of the file.
bpy.ops.import_scene.gltf(filepath=sys.argv[1], disable_bone_shape=True)
objects = [thing for thing in bpy.context.scene.objects if thing.type == "MESH"]
depsgraph = bpy.context.evaluated_depsgraph_get()
low, high = [float("inf")] * 3, [float("-inf")] * 3
for thing in objects:
    evaluated = thing.evaluated_get(depsgraph)
    for vertex in evaluated.data.vertices:
        point = evaluated.matrix_world @ vertex.co
        low = [min(pair) for pair in zip(low, point, strict=True)]
        high = [max(pair) for pair in zip(high, point, strict=True)]
slots = [slot for thing in objects for slot in thing.material_slots]
corners = [polygon.loop_total for thing in objects for polygon in thing.data.polygons]
print(
    json.dumps(
        {
            "vertices": sum(len(thing.data.vertices) for thing in objects),
            "faces": len(corners),
            "triangles": corners.count(3),
            "dimensions": [round(b - a, 6) for a, b in zip(low, high, strict=True)] if objects else [0, 0, 0],
            "materials": sorted({slot.material.name for slot in slots if slot.material}),
        }
    )
)
