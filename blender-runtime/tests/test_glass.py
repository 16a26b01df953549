"""What lies behind glass is seen, and lit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from props import add_ball, add_material, shoot

from cyclorama_blender import session

SPEC = {"samples": 64, "width": 48, "height": 48, "lighting": {"preset": "LIGHTING_PRESET_UNIFORM"}}


def light_of_a_globe(folder: Path, under_glass: bool) -> Any:
    """Returns the light in the middle of the image."""
    session.reset()
    globe = add_ball(0.4, segments=64)
    add_material(globe, Base_Color=(0.6, 0.6, 0.2, 1), Roughness=1.0, Specular_IOR_Level=0.0)
    if under_glass:
        outside, inside = add_ball(0.55, segments=64), add_ball(0.53, segments=64)
        inside.data.flip_normals()
        for side in (outside, inside):
            add_material(side, Base_Color=(1, 1, 1, 1), Transmission_Weight=1.0, Roughness=0.0)
    _, (seen,) = shoot(folder, SPEC)
    return np.mean(seen["combined"][20:28, 20:28, :3], axis=(0, 1))


def test_what_is_enclosed_by_glass_is_lit_through_it(tmp_path: Path) -> None:
    bare, under_glass = (light_of_a_globe(tmp_path, glass) for glass in (False, True))
    # Without caustics it has an eighth of the light; Blender's filter of glossy light keeps it from having all.
    assert (under_glass[:2] > 0.6 * bare[:2]).all()
