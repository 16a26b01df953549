"""A render reports that it is alive while it goes on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest
from props import add_cube

from cyclorama_blender.protocol.contract import Request
from cyclorama_blender.scene import room
from cyclorama_blender.scene.render import heartbeat

SAMPLE = "Fra:1 Mem:8.31M (Peak 8.31M) | Time:00:00.{:02} | Mem:0.18M, Peak:0.18M | Scene, ViewLayer | Sample {}/64"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Returns the time that heartbeat reads, in seconds."""
    now = [100.0]
    monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_a_render_tells_that_it_moves_on_while_it_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(heartbeat, "EVERY_SECONDS", 0.0)
    room.start(0)
    add_cube()
    bpy.ops.export_scene.gltf(filepath=str(tmp_path / "cube.glb"))
    room.reset()
    written: list[bool] = []
    stages: list[str] = []

    def enter(stage: str) -> None:
        stages.append(stage)
        written.append((tmp_path / "view_000.exr").exists())

    options = {"spec": {"width": 64, "height": 64, "samples": 32}}
    request = Request("r1", "modalities", options, "", str(tmp_path / "cube.glb"), str(tmp_path))
    room.OPS["modalities"](request, enter)
    assert stages[:2] == ["import", "render"]
    assert set(stages[2:]) == {"render"}
    assert written.count(False) > 10
    assert bpy.app.handlers.render_stats == []


def test_signs_come_every_few_seconds_at_most(clock: list[float]) -> None:
    reported: list[float] = []
    with heartbeat.render_heartbeat(lambda: reported.append(clock[0])):
        (note,) = bpy.app.handlers.render_stats
        for sample in range(100):
            clock[0] = 100 + sample / 10
            note(SAMPLE.format(sample, sample), None)
    assert reported == pytest.approx([102, 104, 106, 108])


def test_a_render_that_stands_still_gives_no_sign(clock: list[float]) -> None:
    reported: list[float] = []
    with heartbeat.render_heartbeat(lambda: reported.append(clock[0])):
        (note,) = bpy.app.handlers.render_stats
        for seconds in range(3, 99):
            clock[0] = 100 + seconds
            note(SAMPLE.format(seconds, 1), None)
    assert reported == [103]


def test_a_render_that_fails_leaves_nothing_that_tells() -> None:
    with pytest.raises(KeyError), heartbeat.render_heartbeat(lambda: None):
        raise KeyError("broken")
    assert bpy.app.handlers.render_stats == []
