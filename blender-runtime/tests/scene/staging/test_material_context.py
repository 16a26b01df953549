"""Materials can ask for some properties of their object, and a warning names those that they cannot ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from props import add_cube, add_material, shoot

from cyclorama_blender.scene.staging.staged_scene import stage_scene

BLEND = Path("asset.blend")


@pytest.fixture(autouse=True)
def _empty(empty_scene: Any) -> Any:
    return empty_scene


def glow_by(thing: Any, node_type: str, output: str = "Color", **settings: Any) -> Any:
    """Makes a material emit the output of a node."""
    material = add_material(thing)
    tree = material.node_tree
    asking, glow = tree.nodes.new(node_type), tree.nodes.new("ShaderNodeEmission")
    for name, value in settings.items():
        setattr(asking, name, value)
    tree.links.new(asking.outputs[output], glow.inputs["Color"])
    tree.links.new(glow.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
    return material


def test_colours_and_properties_of_objects_reach_their_materials(tmp_path: Path) -> None:
    painted, tinted = add_cube(1.0), add_cube(1.0, (3, 0, 0))
    glow_by(painted, "ShaderNodeObjectInfo")
    glow_by(tinted, "ShaderNodeAttribute", attribute_type="OBJECT", attribute_name="tint")
    painted.color, tinted["tint"] = (1, 0, 0, 1), (0.0, 0.0, 1.0)
    tinted["note"] = "no number"
    message, (seen,) = shoot(tmp_path, {})
    assert message["warnings"] == []
    colors = [np.median(seen["combined"][seen["index"] == index], axis=0) for index in (1, 2)]
    np.testing.assert_allclose(colors, [(1, 0, 0, 1), (0, 0, 1, 1)], atol=1e-3)


@pytest.mark.parametrize(
    ("node", "output", "settings", "kind"),
    [
        ("ShaderNodeObjectInfo", "Random", {}, "random numbers of objects"),
        ("ShaderNodeObjectInfo", "Object Index", {}, "indices of objects"),
        ("ShaderNodeObjectInfo", "Location", {}, "places in the file's world"),
        ("ShaderNodeNewGeometry", "Position", {}, "places in the file's world"),
        ("ShaderNodeAttribute", "Color", {"attribute_type": "INSTANCER"}, "attributes of instances"),
        ("ShaderNodeParticleInfo", "Index", {}, "facts about particles"),
    ],
)
def test_questions_that_have_another_answer_on_stage_are_told_of_once(
    node: str, output: str, settings: dict[str, Any], kind: str
) -> None:
    for x in (0, 3):
        glow_by(add_cube(1.0, (x, 0, 0)), node, output, **settings)
    warning = f"materials ask for {kind}, which in the rendering are not those of the file"
    assert stage_scene(BLEND, "METRIC").warnings == (warning,)


def test_coordinates_of_another_object_are_told_of_and_those_of_its_own_are_not() -> None:
    cube = add_cube(1.0)
    glow_by(cube, "ShaderNodeTexCoord", "Object")
    assert stage_scene(BLEND, "METRIC").warnings == ()
    glow_by(cube, "ShaderNodeTexCoord", "Object", object=cube)
    assert len(stage_scene(BLEND, "METRIC").warnings) == 1
