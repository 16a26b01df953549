import { dirname } from 'node:path';

import { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import { type ByteSource, openSource } from './byte-source.ts';
import type { TriageFindings } from './findings.ts';
import { type AssetFormat, identify } from './identify.ts';
import type { TriageLimits } from './limits.ts';
import { triageGltf } from './triage-gltf.ts';
import { triageBlend, triageFbx, triagePly, triageStl } from './triage-headers.ts';
import { triageObj } from './triage-obj.ts';

/** The kind of an asset, its dependencies and its contents, read from its headers. */
export interface TriageReport extends TriageFindings {
  /** The content decides between glTF and GLB: a GLB named .gltf is 'glb'. */
  format: AssetFormat;
  header: FileHeader;
}

/**
 * Checks an asset before Blender reads it; reads only headers and JSON. Throws a CycloramaError of stage 'triage' if
 * the file is dangerous or certainly broken. Files that Blender imports pass, even if they are invalid. `name` is the
 * asset's own name, `path` the local copy; a second call also checks the fetched dependencies beside it.
 */
export async function triageFile(path: string, name: string, limits: TriageLimits): Promise<TriageReport> {
  await using source = await openSource(path);
  const format = identify(name, await source.read(0, 512));
  const findings = await triageAs(format, source, dirname(path), limits);
  return {
    ...findings,
    format,
    header: FileHeader.fromPartial({ ...findings.header, format }),
    figures: { bytes: source.size, ...findings.figures },
  };
}

function triageAs(
  format: AssetFormat,
  source: ByteSource,
  folder: string,
  limits: TriageLimits,
): Promise<TriageFindings> {
  switch (format) {
    case 'glb':
      return triageGltf(source, true, folder, limits);
    case 'gltf':
      return triageGltf(source, false, folder, limits);
    case 'obj':
      return triageObj(source, folder, limits);
    case 'fbx':
      return triageFbx(source);
    case 'stl':
      return triageStl(source, limits);
    case 'ply':
      return triagePly(source, limits);
    case 'blend':
      return triageBlend(source);
  }
}
