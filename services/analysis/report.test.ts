import { describe, expect, test } from 'vitest';
import { ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { Inspection } from '../../gen/cyclorama/blender/v1/blender.ts';
import { printErrorReport, printReport, reportName, toReport } from './report.ts';

const { REPORT_STYLE_INSPECTION: INSPECTION, REPORT_STYLE_VALIDATION: VALIDATION } = ReportStyle;

function inspection(fields: Partial<Inspection>): Inspection {
  return { ...Inspection.fromPartial({}), ...fields };
}

describe('a report in style INSPECTION', () => {
  test('is exercise 1’s, byte for byte', () => {
    const found = inspection({
      vertices: 507n,
      faces: 500n,
      quads: 500n,
      meshObjects: 1n,
      boundsMin: { x: -1.365, y: -0.98, z: -0.77 },
      boundsMax: { x: 1.365, y: 0.98, z: 0.77 },
      materialNames: ['Fur'],
    });
    expect(printReport(toReport('animals/monkey.obj', found, ['a warning']), INSPECTION)).toBe(`{
  "filename": "monkey.obj",
  "geometry": {
    "vertices": 507,
    "faces": 500
  },
  "topology": {
    "triangles": 0,
    "quads": 500,
    "ngons": 0
  },
  "dimensions": {
    "x": 2.73,
    "y": 1.96,
    "z": 1.54
  }
}
`);
  });
});

describe('a report in style VALIDATION', () => {
  const found = inspection({
    vertices: 1500n,
    faces: 1450n,
    triangles: 1400n,
    quads: 40n,
    ngons: 10n,
    boundsMin: { x: 0, y: 0, z: -1 },
    boundsMax: { x: 1, y: 1, z: 1 },
    materialNames: ['Leather', 'Wood'],
  });
  const EXERCISE = {
    file: 'assets/chair.glb',
    status: 'success',
    stats: { vertices: 1500, faces: 1450, dimensions: { x: 1, y: 1, z: 2 } },
  };

  test('is exercise 4’s with more inside stats, in its order', () => {
    const text = printReport(toReport('assets/chair.glb', found, []), VALIDATION);
    const { stats, ...rest } = JSON.parse(text) as typeof EXERCISE & { stats: Record<string, unknown> };
    const { materials, topology, bounds, ...exercise } = stats;
    expect(JSON.stringify({ ...rest, stats: exercise })).toBe(JSON.stringify(EXERCISE));
    expect({ materials, topology, bounds }).toEqual({
      materials: ['Leather', 'Wood'],
      topology: { triangles: 1400, quads: 40, ngons: 10 },
      bounds: { min: { x: 0, y: 0, z: -1 }, max: { x: 1, y: 1, z: 1 } },
    });
  });

  test('keeps warnings inside stats', () => {
    const text = printReport(toReport('assets/chair.glb', found, ["texture 'a.png' is missing"]), VALIDATION);
    const report = JSON.parse(text) as Record<string, Record<string, unknown>>;
    expect(Object.keys(report)).toEqual(['file', 'status', 'stats']);
    expect(report.stats?.warnings).toEqual(["texture 'a.png' is missing"]);
  });

  test('of a failure is exercise 4’s with the reason after it', () => {
    const text = printErrorReport('assets/broken_file.glb', 'invalid_asset', 'Invalid header.', VALIDATION);
    const { reason, ...exercise } = JSON.parse(text) as Record<string, string>;
    expect(JSON.stringify(exercise)).toBe(
      '{"file":"assets/broken_file.glb","status":"error","error_message":"Invalid header."}',
    );
    expect(reason).toBe('invalid_asset');
    expect(Object.keys(JSON.parse(text)).at(-1)).toBe('reason');
  });
});

test('a failure in style INSPECTION names the file as exercise 1 does', () => {
  const text = printErrorReport('a/b/broken.glb', 'invalid_asset', 'no', INSPECTION);
  expect(JSON.parse(text)).toMatchObject({ filename: 'broken.glb', status: 'error', error_message: 'no' });
});

test.each([
  [0.1 + 0.2, 0.3],
  [1 / 3, 0.333333],
  [2.0000004, 2],
  [1e-7, 0],
  [123456.7891234, 123456.789123],
  [1e12, 1e12],
])('an extent of %d is reported as %d', (extent, reported) => {
  const found = inspection({ boundsMin: { x: 0, y: 0, z: 0 }, boundsMax: { x: extent, y: 0, z: 0 } });
  expect(toReport('a.glb', found, []).dimensions).toEqual({ x: reported, y: 0, z: 0 });
});

test('an asset without vertices has no extent', () => {
  expect(toReport('a.glb', inspection({}), []).dimensions).toEqual({ x: 0, y: 0, z: 0 });
});

test('counts beyond 32 bits stay exact', () => {
  const report = toReport('a.glb', inspection({ vertices: 5_000_000_001n, faces: 2n ** 40n }), []);
  expect(JSON.parse(printReport(report, INSPECTION))).toMatchObject({
    geometry: { vertices: 5_000_000_001, faces: 2 ** 40 },
  });
});

describe('the report of', () => {
  test.each<[string, boolean, string, string]>([
    ['chair.glb', false, 'chair_report.json', 'chair.json'],
    ['a/b/chair.glb', false, 'a/b/chair_report.json', 'a/b/chair.json'],
    ['chair.v2.glb', false, 'chair.v2_report.json', 'chair.v2.json'],
    ['v1.2/chair', false, 'v1.2/chair_report.json', 'v1.2/chair.json'],
    ['v1.2/chair.glb', false, 'v1.2/chair_report.json', 'v1.2/chair.json'],
    ['chair.GLB', false, 'chair.GLB_report.json', 'chair.GLB.json'],
    ['chair.Glb', false, 'chair.Glb_report.json', 'chair.Glb.json'],
    ['chair 1+2%.glb', false, 'chair 1+2%_report.json', 'chair 1+2%.json'],
    ['chair.glb', true, 'chair.glb_report.json', 'chair.glb.json'],
    ['chair.blend', true, 'chair.blend_report.json', 'chair.blend.json'],
  ])('%s (extension kept: %s) is %s', (name, keepExtension, validation, inspected) => {
    expect(reportName(name, VALIDATION, keepExtension)).toBe(validation);
    expect(reportName(name, INSPECTION, keepExtension)).toBe(inspected);
  });

  test('assets that differ in case or extension are different files', () => {
    const cases = ['chair.glb', 'chair.GLB', 'chair.Glb', 'Chair.glb'];
    expect(new Set(cases.map((name) => reportName(name, VALIDATION, false))).size).toBe(cases.length);
    const kinds = ['chair.glb', 'chair.gltf', 'chair.obj', 'chair.OBJ'];
    expect(new Set(kinds.map((name) => reportName(name, VALIDATION, true))).size).toBe(kinds.length);
  });
});
