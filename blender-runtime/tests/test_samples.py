"""Every figure of the samples agrees with one that was computed in another way.

The other way is trimesh if it has the figure, else plain Python over the file. The tolerances are:

- counts: none; if a skin moves the mesh, 1 in 100 or 1, whichever is more, since Blender's importer puts vertices into
  the bind pose, whose rounding separates positions that were equal in the file;
- areas, volumes, boxes: 1 part in 100,000, since Blender's matrices have single precision; for the box of an asset with
  a clip 1 in 100, since the importer leaves it in a pose of the clip;
- durations: a ten-thousandth of a second, since Blender keeps frames.

Compressed samples are compared as a worker hands them to Blender: decoded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from raw_gltf import RawGltf, image_size

from cyclorama_blender.scene.asset import importers, inspection, session

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
NODE = shutil.which("node", path=f"{ROOT}/node_modules/.bin{os.pathsep}{os.environ['PATH']}")
DECODE_TIMEOUT_S = 60
DECODED = tempfile.TemporaryDirectory(prefix="cyclorama-decoded-")
PLAIN = ["alien", "brick", "chair", "empty", "fox", "girl", "living-room", "robot", "truck"]
COMPRESSED = ["city", "helmet"]
CLOSE = 1e-5
ROUGH = 1e-2
PATHS = {"translation": "objects", "rotation": "objects", "scale": "objects", "weights": "shape_keys"}

pytestmark = pytest.mark.parametrize("name", [*PLAIN, *COMPRESSED])


@cache
def file_of(name: str) -> Path:
    if name not in COMPRESSED:
        return SAMPLES / f"{name}.glb"
    decoded = Path(DECODED.name) / f"{name}.glb"
    command = [NODE, ROOT / "services/kernel/asset/decode-main.ts", SAMPLES / decoded.name, decoded, "4096"]
    # The program ends when its standard input closes.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        alarm = threading.Timer(DECODE_TIMEOUT_S, process.kill)
        alarm.start()
        answer = process.stdout.readline()
        alarm.cancel()
    assert json.loads(answer)["kind"] == "done"
    return decoded


@cache
def inspected(name: str) -> dict[str, Any]:
    session.reset()
    answer = inspection.inspect_scene(importers.import_asset(file_of(name)))
    session.reset()
    return answer.message


@cache
def raw(name: str) -> RawGltf:
    return RawGltf(file_of(name))


@cache
def mesh_of(name: str, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    return raw(name).mesh(mesh)


def mesh_nodes(name: str) -> list[tuple[dict[str, Any], np.ndarray]]:
    return [(node, world) for node, world in raw(name).placed() if "mesh" in node]


@cache
def welded(name: str, mesh: int) -> trimesh.Trimesh:
    """Returns a mesh of the file with one vertex for each different position, without triangles that collapse."""
    points, triangles = mesh_of(name, mesh)
    numbers: dict[tuple[float, ...], int] = {}
    of = [numbers.setdefault(tuple(point), len(numbers)) for point in (points + 0.0).tolist()]
    faces = [[of[corner] for corner in triangle] for triangle in triangles]
    whole = [face for face in faces if len(set(face)) == 3]
    return trimesh.Trimesh(np.array(list(numbers)), whole, process=False)


def total(name: str, count: Callable[[int], int]) -> int:
    return sum(count(node["mesh"]) for node, _ in mesh_nodes(name))


def is_skinned(name: str) -> bool:
    return any("skin" in node for node, _ in mesh_nodes(name))


def assert_surface(name: str, expected: dict[str, int]) -> None:
    found = {field: int(inspected(name)["stats"]["surface"][field]) for field in expected}
    assert found == (pytest.approx(expected, rel=ROUGH, abs=1) if is_skinned(name) else expected)


def test_vertices_and_faces(name: str):
    message = inspected(name)
    expected = [total(name, lambda mesh, part=part: len(mesh_of(name, mesh)[part])) for part in (0, 1)]
    assert [int(message["vertices"]), int(message["faces"])] == expected
    assert [int(message[each]) for each in ("triangles", "quads", "ngons")] == [expected[1], 0, 0]


def test_edges(name: str):
    @cache
    def uses(mesh: int) -> Counter[int]:
        return Counter(Counter(map(tuple, welded(name, mesh).edges_sorted.tolist())).values())

    expected = {
        "edges": total(name, lambda mesh: sum(uses(mesh).values())),
        "boundaryEdges": total(name, lambda mesh: uses(mesh)[1]),
        "nonManifoldEdges": total(name, lambda mesh: sum(many for used, many in uses(mesh).items() if used > 2)),
    }
    assert_surface(name, expected)


def test_winding(name: str):
    def conflicts(mesh: int) -> int:
        directed = Counter(map(tuple, welded(name, mesh).edges.tolist()))
        undirected = Counter(map(tuple, welded(name, mesh).edges_sorted.tolist()))
        return sum(undirected[tuple(sorted(edge))] == 2 for edge, used in directed.items() if used == 2)

    assert_surface(name, {"windingConflicts": total(name, conflicts)})


def test_positions_parts_and_loose_ends(name: str):
    def parts(mesh: int) -> int:
        found = welded(name, mesh)
        # networkx visits the edges one by one.
        return len(trimesh.graph.connected_components(found.edges, min_len=2, engine="networkx"))

    expected = {
        "positions": total(name, lambda mesh: len(welded(name, mesh).vertices)),
        "connectedParts": total(name, parts),
        "looseVertices": 0,
        "looseEdges": 0,
    }
    assert_surface(name, expected)


def test_degenerate_and_duplicate_faces(name: str):
    def degenerate(mesh: int) -> int:
        points, triangles = mesh_of(name, mesh)
        corners = points.astype(float)[triangles]
        sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        return int(np.count_nonzero(trimesh.triangles.area(corners) <= 1e-8 * sides.max(axis=1) ** 2))

    def duplicate(mesh: int) -> int:
        sets = Counter(map(frozenset, welded(name, mesh).faces.tolist()))
        return sum(sets.values()) - len(sets)

    assert_surface(name, {"degenerateFaces": total(name, degenerate), "duplicateFaces": total(name, duplicate)})


def test_watertightness_area_and_volume(name: str):
    pieces = []
    for node, world in mesh_nodes(name):
        piece = welded(name, node["mesh"]).copy()
        # A skin moves its mesh, and the place of the mesh's node has no effect.
        piece.apply_transform(np.eye(4) if "skin" in node else world)
        pieces.append(piece)
    found = inspected(name)["stats"]["surface"]
    watertight = bool(pieces) and all(piece.is_watertight for piece in pieces)
    assert found["watertight"] == watertight
    assert found["area"] == pytest.approx(sum(piece.area for piece in pieces), rel=CLOSE)
    if watertight and all(piece.is_winding_consistent for piece in pieces):
        assert found["volume"] == pytest.approx(sum(abs(piece.volume) for piece in pieces), rel=CLOSE)
    else:
        assert "volume" not in found


def test_bounds(name: str):
    if is_skinned(name):
        # Only Blender knows the pose of a skin.
        assert "boundsMin" in inspected(name)
        return
    corners = [
        trimesh.transform_points(mesh_of(name, node["mesh"])[0], world).reshape(-1, 3)
        for node, world in mesh_nodes(name)
    ]
    if not corners:
        assert "boundsMin" not in inspected(name)
        return
    points = np.concatenate(corners)
    close = ROUGH if raw(name).list("animations") else CLOSE
    for field, expected in (("boundsMin", points.min(axis=0)), ("boundsMax", points.max(axis=0))):
        found = [inspected(name)[field][axis] for axis in "xyz"]
        assert found == pytest.approx(expected.tolist(), abs=close * float(np.ptp(points)))


def test_objects(name: str):
    found = inspected(name)["stats"]["objects"]
    nodes = [node for node, _ in raw(name).placed()]
    joints = {joint for skin in raw(name).list("skins") for joint in skin["joints"]}
    meshes = [node["mesh"] for node in nodes if "mesh" in node]
    assert int(found["meshObjects"]) == len(meshes)
    assert found["meshes"] == len(set(meshes))
    assert int(found["instances"]) == len(meshes) - len(set(meshes))
    assert found["skinned"] == sum("skin" in node for node in nodes)
    assert found["armatures"] == len(raw(name).list("skins"))
    assert (found["cameras"], found["lights"], found["others"]) == (0, 0, 0)
    if not joints:
        assert found["empties"] == sum("mesh" not in node for node in nodes)
    assert inspected(name)["stats"]["bones"] == len(joints)


def test_materials(name: str):
    used = {
        primitive["material"]
        for node, _ in mesh_nodes(name)
        for primitive in raw(name).json["meshes"][node["mesh"]]["primitives"]
        if "material" in primitive
    }
    assert inspected(name)["materialNames"] == sorted(raw(name).list("materials")[index]["name"] for index in used)
    assert inspected(name)["stats"]["materialKinds"] == ({"principled": len(used)} if used else {})


def test_textures(name: str):
    expected = []
    for image in raw(name).list("images"):
        content = raw(name).bytes_of(image) if "bufferView" in image else (SAMPLES / image["uri"]).read_bytes()
        expected.append(image_size(content))
    found = [(each["width"], each["height"], each["format"]) for each in inspected(name)["stats"]["textures"]]
    assert sorted(found) == sorted(expected)


def test_layers_and_shape_keys(name: str):
    found = inspected(name)["stats"]
    primitives = [
        primitive
        for mesh in {node["mesh"] for node, _ in mesh_nodes(name)}
        for primitive in raw(name).json["meshes"][mesh]["primitives"]
    ]
    layers = {layer for primitive in primitives for layer in primitive["attributes"]}
    assert len(found["uvLayers"]) == sum(layer.startswith("TEXCOORD_") for layer in layers)
    assert len(found["colorLayers"]) == sum(layer.startswith("COLOR_") for layer in layers)
    assert found["shapeKeys"] == sum(len(primitive.get("targets", [])) for primitive in primitives)


def test_animations(name: str):
    joints = {joint for skin in raw(name).list("skins") for joint in skin["joints"]}
    expected = {}
    for index, clip in enumerate(raw(name).list("animations")):
        times = [raw(name).json["accessors"][sampler["input"]] for sampler in clip["samplers"]]
        lasts = max(time["max"][0] for time in times) - min(time["min"][0] for time in times)
        targets = [channel["target"] for channel in clip["channels"]]
        moves = {"bones" if target["node"] in joints else PATHS[target["path"]] for target in targets}
        expected[clip.get("name", f"Anim_{index}")] = (pytest.approx(lasts, abs=1e-4), sorted(moves))
    found = {each["name"]: (each["durationS"], each["moves"]) for each in inspected(name)["stats"]["animations"]}
    assert found == expected
