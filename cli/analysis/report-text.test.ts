import { describe, expect, it } from 'vitest';
import { AnalysisReport } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { reportLines } from './report-text.ts';

describe('reports for people', () => {
  it('line up', () => {
    const report = AnalysisReport.fromPartial({
      file: 'x.glb',
      vertices: 1500n,
      faces: 1450n,
      triangles: 1440n,
      quads: 10n,
      ngons: 0n,
      dimensions: { x: 1, y: 1, z: 2.5 },
      materialNames: ['wood', 'cloth'],
      warnings: ['texture is missing'],
    });
    expect(reportLines('s3://b/x.glb', report, '')).toEqual([
      's3://b/x.glb',
      '  vertices    1,500',
      '  faces       1,450 (1,440 triangles, 10 quads, 0 n-gons)',
      '  dimensions  1 x 1 x 2.5 m',
      '  materials   wood, cloth',
      '  warning     texture is missing',
    ]);
  });

  it('say what moves, what is painted on and whether the surface is closed', () => {
    const stats = {
      textures: [
        { name: 'bark', width: 512, height: 256 },
        { name: 'leaf', missing: true },
      ],
      animations: Array.from({ length: 12 }, (_, i) => ({ name: `clip${i}`, durationS: 1.25 })),
      surface: { watertight: true },
    };
    const lines = reportLines('s3://b/x.glb', AnalysisReport.fromPartial({ stats }), '');
    expect(lines).toContain('  textures    bark (512 x 256), leaf (missing)');
    expect(lines).toContain('  watertight  yes');
    expect(lines.find((line) => line.includes('animations'))).toMatch(/clip0 \(1\.25 s\), .* and 2 more$/);
  });
});
