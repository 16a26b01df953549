import type { FileHeader } from '../../../gen/cyclorama/asset/v1/stats.ts';
import type { Decoding } from './gltf/extensions.ts';
import type { Dependency } from './reference.ts';

/** The findings of triage for one format. */
export interface TriageFindings {
  dependencies: Dependency[];
  /** Compressions that must be decoded before Blender reads the file. */
  decode: Decoding[];
  warnings: string[];
  /** Counts that were checked against the limits. */
  figures: Record<string, number>;
  /** Facts that the file states about itself, except its format. */
  header?: Partial<FileHeader>;
}
