"""Makes images, raw files, metadata.json and a thumbnail from the passes that Blender rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cyclorama_blender.imaging import checks, colour, depth, edges, exr, metadata, normals, png, thumbnail
from cyclorama_blender.imaging.alpha import smooth_alpha
from cyclorama_blender.imaging.checks import Findings
from cyclorama_blender.imaging.metadata import DescribedFile, DescribedView
from cyclorama_blender.imaging.passes import Mask, Passes, read_passes
from cyclorama_blender.imaging.rendered import RenderedView, Rendering, RenderSource
from cyclorama_blender.imaging.transforms import transforms
from cyclorama_blender.maths.camera import Intrinsics
from cyclorama_blender.protocol.contract import Answer, Json
from cyclorama_blender.protocol.render_spec import RenderSpec
from cyclorama_blender.protocol.timing import StageClock

METADATA, TRANSFORMS, THUMBNAIL = "metadata.json", "transforms.json", "thumbnail.png"

_CONTENT_TYPES = {".png": "image/png", ".exr": "image/x-exr", ".json": "application/json"}
_FILES = {
    "TEXTURED": ("textured", "render_textured.png"),
    "NORMAL": ("normal", "render_normal.png"),
    "DEPTH": ("depth", "render_depth.png"),
    "EDGE": ("edge", "render_edge.png"),
    "DEPTH_EXR": ("depth_exr", "render_depth.exr"),
    "DEPTH_PNG16": ("depth_16", "render_depth_16.png"),
    "NORMAL_EXR": ("normal_exr", "render_normal.exr"),
}
"""Maps a modality or raw output to its name in metadata.json and its file, as services/rendering/places.ts does."""

_ENCODING = ("up", 4)
"""Filter and zlib level of PNG files. Level 6 takes 2.6 times as long and saves 5 %."""
_ENCODINGS = {"EDGE": ("none", 6)}

Pixels = npt.NDArray[np.uint8 | np.uint16]
Planes = dict[str, exr.Image]


@dataclass(frozen=True)
class _Seen:
    """Holds the passes of one view and the facts that follow from them.

    Attributes:
        passes: the rendered passes.
        mask: true at the object's pixels (H, W).
        normals: unit normals (H, W, 3) in the world's axes.
        near: least planar depth.
        far: greatest planar depth.
    """

    passes: Passes
    mask: Mask
    normals: exr.Image
    near: float
    far: float


def derive(
    options: Json, input_dir: Path, output_dir: Path, enter: Callable[[str], None], with_thumbnail: bool = True
) -> Answer:
    """Performs a DeriveOp.

    Args:
        options: protobuf JSON of the DeriveOp.
        input_dir: folder of the EXR files.
        output_dir: folder to write to.
        enter: called with each stage that begins: read, derive and encode for each view.
        with_thumbnail: whether to make the contact sheet's strip.

    Returns:
        A Derivation with the results of the checks. Images that fail the checks are written too.

    Raises:
        RuntimeFailure: `invalid_render`, an EXR is missing, damaged or of another size.
    """
    spec = RenderSpec.from_json(options["spec"])
    rendering = Rendering.from_json(options["rendering"])
    source = RenderSource.from_json(options.get("source", {}))
    stages = StageClock(enter)
    described: list[DescribedView] = []
    findings: list[Findings] = []
    paths: list[str] = []
    for number, view in enumerate(rendering.views):
        folder = "" if len(rendering.views) == 1 else f"{view.name}/"
        (output_dir / folder).mkdir(parents=True, exist_ok=True)
        small = output_dir / THUMBNAIL if number == 0 and with_thumbnail else None
        one, found = _derive_view(spec, view, input_dir / view.file, output_dir, folder, small, stages)
        described.append(one)
        findings.append(found)
        paths += one.files.values()
    if len(described) > 1:
        poses = transforms(Intrinsics.of(spec), [(one.view, one.files) for one in described])
        (output_dir / TRANSFORMS).write_text(metadata.print_metadata(poses), encoding="utf-8")
        paths.append(TRANSFORMS)
    files = [_described_file(output_dir, path) for path in paths]
    stages.enter("")
    own = tuple(text for found in findings for text in found.warnings)
    short = (shortfall.message for found in findings for shortfall in found.shortfalls)
    warnings = [*source.warnings, *rendering.warnings, *own, *short]
    seconds = {**source.stage_seconds, **stages.seconds}
    document = metadata.describe(spec, rendering, source, described, files, seconds, warnings)
    (output_dir / METADATA).write_text(metadata.print_metadata(document), encoding="utf-8")
    return Answer("derivation", _derivation([*paths, METADATA], described, findings, with_thumbnail), own)


def _derivation(
    paths: list[str], described: list[DescribedView], findings: list[Findings], with_thumbnail: bool
) -> Json:
    files: list[Json] = [{"path": path, "contentType": _CONTENT_TYPES[Path(path).suffix]} for path in paths]
    if with_thumbnail:
        files.append({"path": THUMBNAIL, "contentType": _CONTENT_TYPES[".png"], "thumbnail": True})
    shortfalls = checks.worst_first(shortfall for found in findings for shortfall in found.shortfalls)
    return {
        "files": files,
        "checks": [
            {"name": one.view.name, "coverage": one.coverage, "near": one.near, "far": one.far} for one in described
        ],
        "shortfalls": [shortfall.to_json() for shortfall in shortfalls],
    }


def _derive_view(
    spec: RenderSpec,
    view: RenderedView,
    source: Path,
    output_dir: Path,
    folder: str,
    small: Path | None,
    stages: StageClock,
) -> tuple[DescribedView, Findings]:
    stages.enter("read")
    passes = read_passes(source, spec.width, spec.height)
    stages.enter("derive")
    seen, found = _look(spec, view, passes)
    drawn = {output: _draw(output, spec, view, seen) for output in (*spec.modalities, *spec.raw_outputs)}
    coverage, near, far = float(seen.mask.mean()), seen.near, seen.far
    del passes, seen
    stages.enter("encode")
    for output, image in drawn.items():
        path = output_dir / folder / _FILES[output][1]
        if isinstance(image, dict):
            exr.write_exr(path, image)
        else:
            png.write_png(path, image, *_ENCODINGS.get(output, _ENCODING), srgb=output == "TEXTURED")
    if small is not None:
        strip = thumbnail.strip({output: drawn[output] for output in spec.modalities})
        png.write_png(small, strip, *_ENCODING, srgb=True)
    files = {name: folder + file for name, file in (_FILES[output] for output in drawn)}
    return DescribedView(view, files, coverage, near, far), found


def _look(spec: RenderSpec, view: RenderedView, passes: Passes) -> tuple[_Seen, Findings]:
    mask = passes.mask
    near, far = depth.visible_range(passes.depth, mask)
    world = normals.unit_normals(passes.normal, passes.depth, mask, view.pose, Intrinsics.of(spec))
    border = checks.free_border(spec.framing_margin, spec.width, spec.height) if view.framed else 0
    return _Seen(passes, mask, world, near, far), checks.check_view(view.name, passes, mask, world, border)


def _draw(output: str, spec: RenderSpec, view: RenderedView, seen: _Seen) -> Pixels | Planes:
    """Draws one modality or raw output: pixels for a PNG, planes for an EXR."""
    if output == "TEXTURED":
        return colour.textured(_smooth_alpha(spec, seen), spec.background)
    if output == "EDGE":
        surface = edges.Surface(seen.passes.depth, seen.mask, seen.normals, seen.passes.index)
        return edges.draw_edges(surface, Intrinsics.of(spec), spec.edges.crease_degrees, spec.edges.depth_step)
    if output == "DEPTH_EXR":
        return {"Z": np.where(seen.mask, seen.passes.depth, np.float32(np.inf))}
    if output in ("DEPTH", "DEPTH_PNG16"):
        return depth.to_grey(seen.passes.depth, seen.mask, seen.near, seen.far, 8 if output == "DEPTH" else 16)
    framed = normals.to_frame(seen.normals, view.pose, spec.normal_space, spec.normal_convention)
    if output == "NORMAL":
        return normals.to_colours(framed, seen.mask)
    return {name: framed[..., at] for at, name in enumerate("RGB")}


def _smooth_alpha(spec: RenderSpec, seen: _Seen) -> Passes:
    if spec.denoising == "OFF":
        return seen.passes
    return replace(seen.passes, alpha=smooth_alpha(seen.passes, seen.mask, spec.samples))


def _described_file(output_dir: Path, path: str) -> DescribedFile:
    content = (output_dir / path).read_bytes()
    return DescribedFile(path, hashlib.sha256(content).hexdigest(), len(content))
