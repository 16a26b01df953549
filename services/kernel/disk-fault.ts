import { CycloramaError } from './failure.ts';

/** Node's codes for a disk that is full, broken, read-only or not ours, and for too many open files. */
const SCRATCH_FAULTS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE']);

/**
 * Turns an error of an unusable scratch disk into `scratch_full`, so that no asset is blamed; returns others unchanged.
 */
export function toScratchError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !SCRATCH_FAULTS.has((thrown as NodeJS.ErrnoException).code ?? '')) return thrown;
  return new CycloramaError('scratch_full', `the scratch disk cannot be used: ${thrown.message}`, { cause: thrown });
}
