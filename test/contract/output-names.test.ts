import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RenderSpec } from '../../gen/cyclorama/rendering/v1/spec.ts';
import { readTools } from '../../scripts/tools.mjs';
import { ownNames } from '../../services/rendering/places.ts';
import { resolveSpec } from '../../services/rendering/spec.ts';

const RUNTIME = fileURLToPath(new URL('../../blender-runtime', import.meta.url));
const THUMBNAIL = 'thumbnail.png';

/** Derives the files of each spec from made-up passes, and prints the names of all that it wrote, one list a spec. */
const DERIVE = `
import json, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from analytic import ball, derive_op, front_eye, write_passes
from cyclorama_blender.imaging.derive import derive
from cyclorama_blender.maths.views import arrange
from cyclorama_blender.protocol.render_spec import RenderSpec

root, written = Path(sys.argv[2]), []
for at, spec in enumerate(json.loads(sys.argv[3])):
    rendered, out = root / f"in_{at}", root / f"out_{at}"
    rendered.mkdir()
    eye = front_eye(3.5, spec["width"])
    views = [view.name for view in arrange(RenderSpec.from_json(spec).views)]
    for view in views:
        write_passes(rendered / f"{view}.exr", ball(eye).passes())
    derive(derive_op({view: eye for view in views}) | {"spec": spec}, rendered, out, lambda stage: None)
    written.append([str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()])
print(json.dumps(written))
`;

const ALL_RAW = ['RAW_OUTPUT_DEPTH_EXR', 'RAW_OUTPUT_DEPTH_PNG16', 'RAW_OUTPUT_NORMAL_EXR'];
const SPECS: [string, object][] = [
  ['the default', {}],
  ['all raw files', { rawOutputs: ALL_RAW }],
  ['one modality', { modalities: ['MODALITY_EDGE'] }],
  ['raw normals without the normal image', { modalities: ['MODALITY_DEPTH'], rawOutputs: ['RAW_OUTPUT_NORMAL_EXR'] }],
  ['a ring of one view', { views: { ring: { count: 1 } } }],
  ['a ring of three views', { views: { ring: { count: 3 } }, rawOutputs: ALL_RAW }],
  ['a sphere of eleven views', { views: { hammersley: { count: 11 } }, modalities: ['MODALITY_NORMAL'] }],
  [
    'two poses',
    { views: { posed: { poses: [{ position: { x: 3, y: 0, z: 1 } }, { position: { x: 0, y: 3, z: 1 } }] } } },
  ],
];
const specs = SPECS.map(([, json]) => resolveSpec(RenderSpec.fromJSON({ width: 32, ...json })));

let folder: string;
let written: string[][];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-names-'));
  const asked = JSON.stringify(specs.map((spec) => RenderSpec.toJSON(spec)));
  const args = ['-c', DERIVE, RUNTIME, folder, asked];
  written = JSON.parse(execFileSync(readTools().python, args, { encoding: 'utf8', timeout: 60_000 }));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(SPECS.map(([name], index) => [name, index] as const))(
  'the service knows all files of %s, and the thumbnail lies elsewhere',
  (_, index) => {
    expect(written[index]!.toSorted()).toEqual([...ownNames(specs[index]!), THUMBNAIL].toSorted());
  },
);
