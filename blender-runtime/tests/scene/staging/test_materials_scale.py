"""Distances in materials follow the size at which an asset is rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from props import add_cube, add_mesh, shoot

Make = Callable[[Any, Any, float], None]

LARGE = 100.0
ALIKE = 1e-4
"""Largest mean difference of linear light; the same seed makes the same noise."""


def subsurface(_tree: Any, shader: Any, length: float) -> None:
    shader.inputs["Subsurface Weight"].default_value = 1.0
    shader.inputs["Subsurface Scale"].default_value = 0.6 * length


def absorption(tree: Any, shader: Any, length: float) -> None:
    shader.inputs["Transmission Weight"].default_value = 1.0
    shader.inputs["IOR"].default_value = 1.0
    volume = tree.nodes.new("ShaderNodeVolumeAbsorption")
    volume.inputs["Color"].default_value = (0.1, 0.5, 0.9, 1)
    volume.inputs["Density"].default_value = 1 / length
    tree.links.new(volume.outputs[0], tree.get_output_node("CYCLES").inputs["Volume"])


def coefficients(tree: Any, shader: Any, length: float) -> None:
    shader.inputs["Transmission Weight"].default_value = 1.0
    shader.inputs["IOR"].default_value = 1.0
    volume = tree.nodes.new("ShaderNodeVolumeCoefficients")
    volume.inputs["Absorption Coefficients"].default_value = (0.9 / length, 0.5 / length, 0.1 / length)
    volume.inputs["Scatter Coefficients"].default_value = (0.2 / length,) * 3
    tree.links.new(volume.outputs[0], tree.get_output_node("CYCLES").inputs["Volume"])


def occlusion_in_a_group(tree: Any, shader: Any, length: float) -> None:
    group = bpy.data.node_groups.new("group", "ShaderNodeTree")
    group.interface.new_socket("Color", in_out="OUTPUT", socket_type="NodeSocketColor")
    occlusion, out = group.nodes.new("ShaderNodeAmbientOcclusion"), group.nodes.new("NodeGroupOutput")
    occlusion.inside, occlusion.inputs["Distance"].default_value = True, 0.5 * length
    group.links.new(occlusion.outputs["Color"], out.inputs[0])
    node = tree.nodes.new("ShaderNodeGroup")
    node.node_tree = group
    tree.links.new(node.outputs[0], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = 1.0


def bump(tree: Any, shader: Any, length: float) -> None:
    bump = tree.nodes.new("ShaderNodeBump")
    waves = tree.nodes.new("ShaderNodeTexWave")
    waves.inputs["Scale"].default_value = 1.0
    bump.inputs["Distance"].default_value = 0.2 * length
    generated = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(generated.outputs["Generated"], waves.inputs["Vector"])
    tree.links.new(waves.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], shader.inputs["Normal"])


def displacement(tree: Any, _shader: Any, length: float) -> None:
    node = tree.nodes.new("ShaderNodeDisplacement")
    waves = tree.nodes.new("ShaderNodeTexWave")
    waves.inputs["Scale"].default_value = 1.0
    node.inputs["Scale"].default_value = 0.2 * length
    generated = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(generated.outputs["Generated"], waves.inputs["Vector"])
    tree.links.new(waves.outputs["Fac"], node.inputs["Height"])
    tree.links.new(node.outputs[0], tree.get_output_node("CYCLES").inputs["Displacement"])


def displacement_of_the_world(tree: Any, shader: Any, length: float) -> None:
    displacement(tree, shader, length)
    next(node for node in tree.nodes if node.type == "DISPLACEMENT").space = "WORLD"


def vector_displacement_of_the_world(tree: Any, _shader: Any, length: float) -> None:
    node = tree.nodes.new("ShaderNodeVectorDisplacement")
    waves = tree.nodes.new("ShaderNodeTexWave")
    waves.inputs["Scale"].default_value = 1.0
    node.space, node.inputs["Scale"].default_value = "WORLD", 0.2 * length
    generated = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(generated.outputs["Generated"], waves.inputs["Vector"])
    tree.links.new(waves.outputs["Color"], node.inputs["Vector"])
    tree.links.new(node.outputs[0], tree.get_output_node("CYCLES").inputs["Displacement"])


def look(folder: Path, make: Make, length: float, units: float = 1.0) -> np.ndarray:
    from cyclorama_blender.scene.asset import session

    session.reset()
    bpy.context.scene.unit_settings.scale_length = units
    thing = add_cube(length)
    add_mesh(np.array([(-1, 1, -1), (1, 1, -1), (1, 1, 1), (-1, 1, 1)]) * length, [(0, 1, 2, 3)], name="background")
    material = bpy.data.materials.new("material")
    material.use_nodes = True
    make(material.node_tree, material.node_tree.nodes["Principled BSDF"], length)
    thing.data.materials.append(material)
    spec = {"objectScale": "OBJECT_SCALE_UNIT", "samples": 64, "width": 48, "height": 48}
    _, (seen,) = shoot(folder, spec)
    return seen["combined"][..., :3]


MAKES = [
    subsurface,
    absorption,
    coefficients,
    occlusion_in_a_group,
    bump,
    displacement,
    displacement_of_the_world,
    vector_displacement_of_the_world,
]


@pytest.mark.parametrize("make", MAKES)
def test_an_asset_and_its_copy_a_hundredfold_look_alike(make: Make, tmp_path: Path) -> None:
    small, large = look(tmp_path, make, 1.0), look(tmp_path, make, LARGE)
    without = look(tmp_path, lambda *_: None, 1.0)
    assert np.abs(small - without).mean() > 100 * ALIKE
    assert np.abs(large - small).mean() < ALIKE


def test_units_of_a_blend_count_too(tmp_path: Path) -> None:
    metres, centimetres = look(tmp_path, absorption, 1.0), look(tmp_path, absorption, LARGE, units=0.01)
    assert np.abs(centimetres - metres).mean() < ALIKE
