"""Writes a small .blend that makes Blender fail: `python faulty_assets.py crash|hang|out-of-memory FILE`.

The files contain no script; a careless artist or exporter could have saved each of them. They are written with
`bpy.data.libraries.write`, which, unlike saving, does not evaluate the scene, so that the writer itself does not fail.
"""

from __future__ import annotations

import os
import sys

import bpy

# Blender builds the relations of an object after those of its parent, by recursion. 16,000 generations need more than
# the usual stack of 8 MiB.
GENERATIONS = 20_000
# Blender holds 2 kB for each iteration of a repeat zone, 6 GB in all, which the machine survives if the limit fails.
REPEATS = 3_000_000
# These blurs of a grid of 10,000 points take days but little memory; with eight points they would take only minutes.
BLURS = 2**31 - 1
GRID_SIDE = 100


def ancestors(cube: bpy.types.Object) -> None:
    """Gives the cube a line of ancestors and lists the youngest first."""
    line = [bpy.data.objects.new(str(generation), None) for generation in range(GENERATIONS)]
    for parent, child in zip(line, [*line[1:], cube], strict=True):
        child.parent = parent
    # The collection is not in use, because each link to a used one would update the whole scene.
    family = bpy.data.collections.new("family")
    for member in reversed(line):
        family.objects.link(member)
    bpy.context.scene.collection.children.link(family)


def repeats(cube: bpy.types.Object) -> None:
    """Gives the cube geometry nodes with a repeat zone."""
    tree, incoming, outgoing = add_nodes(cube)
    start, end = (tree.nodes.new(f"GeometryNodeRepeat{side}") for side in ("Input", "Output"))
    start.pair_with_output(end)
    start.inputs["Iterations"].default_value = REPEATS
    moved = tree.nodes.new("GeometryNodeTransform")
    for source, target in ((incoming, start), (start, moved), (moved, end), (end, outgoing)):
        tree.links.new(source.outputs["Geometry"], target.inputs["Geometry"])


def blurs(cube: bpy.types.Object) -> None:
    """Gives the cube geometry nodes that replace it by a grid and blur the positions of the grid."""
    tree, _, outgoing = add_nodes(cube)
    grid = tree.nodes.new("GeometryNodeMeshGrid")
    for side in "XY":
        grid.inputs[f"Vertices {side}"].default_value = GRID_SIDE
    blur = tree.nodes.new("GeometryNodeBlurAttribute")
    blur.data_type = "FLOAT_VECTOR"
    blur.inputs["Iterations"].default_value = BLURS
    place = tree.nodes.new("GeometryNodeSetPosition")
    position = tree.nodes.new("GeometryNodeInputPosition")
    tree.links.new(position.outputs["Position"], next(pin for pin in blur.inputs if pin.enabled))
    tree.links.new(next(pin for pin in blur.outputs if pin.enabled), place.inputs["Position"])
    tree.links.new(grid.outputs["Mesh"], place.inputs["Geometry"])
    tree.links.new(place.outputs["Geometry"], outgoing.inputs["Geometry"])


def add_nodes(thing: bpy.types.Object) -> tuple[bpy.types.NodeTree, bpy.types.Node, bpy.types.Node]:
    """Adds a geometry nodes modifier; returns its tree, not yet linked from input to output."""
    tree = bpy.data.node_groups.new("nodes", "GeometryNodeTree")
    for side in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=side, socket_type="NodeSocketGeometry")
    thing.modifiers.new("nodes", "NODES").node_group = tree
    return tree, tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")


def add_cube() -> bpy.types.Object:
    """Empties Blender and adds a cube of 1 m."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    corners = [(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new("cube")
    mesh.from_pydata(corners, [], faces)
    cube = bpy.data.objects.new("cube", mesh)
    bpy.context.scene.collection.objects.link(cube)
    return cube


spoil, path = {"crash": ancestors, "hang": blurs, "out-of-memory": repeats}[sys.argv[1]], sys.argv[2]
spoil(add_cube())
bpy.data.libraries.write(path, {bpy.context.scene}, compress=True)
# A normal exit would evaluate the scene in its clean-up, so we exit without one.
os._exit(0)
