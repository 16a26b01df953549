import { expect, test } from 'vitest';
import { ReportStyle } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { AssetStats, FileHeader } from '../../gen/cyclorama/asset/v1/stats.ts';
import { Inspection } from '../../gen/cyclorama/blender/v1/blender.ts';
import { printReport, toReport } from './report.ts';

const { REPORT_STYLE_INSPECTION: INSPECTION, REPORT_STYLE_VALIDATION: VALIDATION } = ReportStyle;

const FOUND = Inspection.fromPartial({
  vertices: 24n,
  faces: 12n,
  triangles: 12n,
  boundsMin: { x: -1 / 3, y: 0, z: 0 },
  boundsMax: { x: 1 / 3, y: 1, z: 2 },
  materialNames: ['Paint'],
  unitMetres: 0.01,
  stats: {
    objects: { total: 3, meshObjects: 2n, meshes: 1, instances: 1n, empties: 1 },
    surface: { positions: 8n, edges: 18n, connectedParts: 1n, watertight: true, area: 1 / 3, volume: 2 / 3 },
    materialKinds: { principled: 1 },
    textures: [
      { name: 'wood', width: 8, height: 4, format: 'png' },
      { name: 'gone', missing: true },
    ],
    uvLayers: ['UVMap'],
    animations: [{ name: 'Walk', durationS: 1.25, moves: ['bones'] }],
  },
});
const HEADER = FileHeader.fromPartial({ format: 'glb', generator: 'Hand', unitMetres: 1, upAxis: 'Y' });

function statsOf(found: Inspection, header = HEADER): Record<string, unknown> {
  return (
    JSON.parse(printReport(toReport('a.glb', found, [], header), VALIDATION)) as { stats: Record<string, unknown> }
  ).stats;
}

test('a validation report says what the asset is made of, by the names of the proto and with zeros', () => {
  expect(statsOf(FOUND)).toEqual({
    vertices: 24,
    faces: 12,
    dimensions: { x: 0.666667, y: 1, z: 2 },
    materials: ['Paint'],
    topology: { triangles: 12, quads: 0, ngons: 0 },
    bounds: { min: { x: -0.333333, y: 0, z: 0 }, max: { x: 0.333333, y: 1, z: 2 } },
    objects: {
      total: 3,
      mesh_objects: 2,
      meshes: 1,
      instances: 1,
      skinned: 0,
      armatures: 0,
      cameras: 0,
      lights: 0,
      empties: 1,
      others: 0,
    },
    surface: {
      positions: 8,
      edges: 18,
      boundary_edges: 0,
      non_manifold_edges: 0,
      winding_conflicts: 0,
      degenerate_faces: 0,
      duplicate_faces: 0,
      loose_vertices: 0,
      loose_edges: 0,
      connected_parts: 1,
      watertight: true,
      area: 0.333333333,
      volume: 0.666666667,
    },
    material_kinds: { principled: 1 },
    textures: [
      { name: 'wood', width: 8, height: 4, format: 'png', missing: false },
      { name: 'gone', width: 0, height: 0, format: '', missing: true },
    ],
    uv_layers: ['UVMap'],
    color_layers: [],
    bones: 0,
    shape_keys: 0,
    animations: [{ name: 'Walk', duration_s: 1.25, moves: ['bones'] }],
    header: {
      format: 'glb',
      generator: 'Hand',
      extensions_used: [],
      extensions_required: [],
      unit_metres: 1,
      up_axis: 'Y',
    },
  });
});

test('an inspection report stays exercise 1’s', () => {
  const report = JSON.parse(printReport(toReport('a.glb', FOUND, [], HEADER), INSPECTION)) as object;
  expect(Object.keys(report)).toEqual(['filename', 'geometry', 'topology', 'dimensions']);
});

test('a surface that is open has no volume', () => {
  const stats = AssetStats.fromPartial({ surface: { area: 1 } });
  expect(statsOf({ ...FOUND, stats }).surface).not.toHaveProperty('volume');
});

test('a volume of zero is one', () => {
  const stats = AssetStats.fromPartial({ surface: { watertight: true, volume: 0 } });
  expect(statsOf({ ...FOUND, stats }).surface).toMatchObject({ volume: 0 });
});

test.each([
  ['glb', 1],
  ['blend', 0.01],
])('the unit of a %s is %d m', (format, unit) => {
  expect(statsOf(FOUND, { ...HEADER, format }).header).toMatchObject({ format, unit_metres: unit });
});

test('an asset without vertices has no bounds', () => {
  expect(statsOf(Inspection.fromPartial({}))).not.toHaveProperty('bounds');
});
