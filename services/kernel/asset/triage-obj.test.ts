import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { pngHead } from '../../../test/support/assets/gltf.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { DEFAULT_TRIAGE_LIMITS } from './limits.ts';
import { type TriageReport, triageFile } from './triage.ts';

const folder = temporaryFolder();

async function triage(obj: string, mtl?: string): Promise<TriageReport> {
  await mkdir(join(folder(), 'materials'), { recursive: true });
  await writeFile(join(folder(), 'asset.obj'), obj);
  if (mtl !== undefined) await writeFile(join(folder(), 'materials/a.mtl'), mtl);
  return triageFile(join(folder(), 'asset.obj'), 'asset.obj', DEFAULT_TRIAGE_LIMITS);
}

const uris = (report: TriageReport) => report.dependencies.map(({ kind, uri }) => `${kind} ${uri}`);

describe('triage of an OBJ', () => {
  it('lists material files wherever they stand, once each', async () => {
    const far = 'v 0.000000 0.000000 0.000000\n'.repeat(200_000);
    const report = await triage(
      `mtllib a.mtl\nmtllib a.mtl\n  mtllib "with space.mtl"\r\n${far}mtllib \\\n sub\\last.mtl`,
    );
    expect(uris(report)).toEqual(['material a.mtl', 'material with space.mtl', 'material sub/last.mtl']);
  });

  it('does not take other words for material files', async () => {
    expect(uris(await triage('# see mtllib ../x\nmtllibrary x\nmtllib\nmtllib   \nxmtllib y\nv 0 0 0\n'))).toEqual([]);
  });

  it('lists the textures of a material file that has been fetched, relative to it', async () => {
    const mtl = [
      'newmtl wood',
      'map_Kd wood.png',
      'map_Bump -bm 0.5 wood normal.png',
      'map_Ks -o 0.1 0.2 -s 1 1 1 -clamp on sub\\spec.png',
      'bump ../top.png',
      'Kd 1 1 1',
    ].join('\n');
    expect(uris(await triage('mtllib materials/a.mtl\n', mtl.replace('../top.png', 'top.png')))).toEqual([
      'material materials/a.mtl',
      'image materials/wood.png',
      'image materials/wood normal.png',
      'image materials/sub/spec.png',
      'image materials/top.png',
    ]);
  });

  it('only reports textures with a drive letter, which lead nowhere on this machine', async () => {
    const report = await triage('mtllib materials/a.mtl\n', 'map_Kd C:\\textures\\wood.png\n');
    expect(uris(report)).toEqual(['material materials/a.mtl']);
    expect(report.warnings[0]).toContain('a path on another machine');
  });

  it.each([
    ['mtllib ../other.mtl', undefined],
    ['mtllib /etc/passwd', undefined],
    ['mtllib \\\n/etc/passwd', undefined],
    ['mtllib materials/a.mtl', 'map_Kd /etc/passwd'],
    ['mtllib materials/a.mtl', 'map_Kd -bm 1 ..\\..\\wood.png'],
  ])('refuses %j with %j', async (obj, mtl) => {
    await expect(triage(obj, mtl)).rejects.toMatchObject({ reason: 'unsafe_reference' });
  });

  it('refuses a file made of nothing but statements', async () => {
    await expect(triage('mtllib a.mtl\n'.repeat(10_001))).rejects.toMatchObject({ reason: 'asset_too_large' });
  });

  it('refuses an image bomb among the fetched textures', async () => {
    await mkdir(join(folder(), 'materials'), { recursive: true });
    await writeFile(join(folder(), 'materials/wood.png'), pngHead(40_000, 40_000));
    await expect(triage('mtllib materials/a.mtl\n', 'map_Kd wood.png\n')).rejects.toMatchObject({
      reason: 'asset_too_large',
    });
  });
});
