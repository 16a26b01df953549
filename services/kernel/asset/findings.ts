import type { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import type { Decoding } from './gltf/extensions.ts';
import type { Dependency } from './reference.ts';

/** What triage of one format finds. */
export interface TriageFindings {
  dependencies: Dependency[];
  /** What must be decoded before Blender. */
  decode: Decoding[];
  warnings: string[];
  /** Counts that were checked against the limits. */
  figures: Record<string, number>;
  /** What the file says of itself; the format comes from identifying it. */
  header?: Partial<FileHeader>;
}
