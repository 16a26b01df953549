import { CycloramaError } from './failure.ts';

/** What Node calls a disk that is full, broken, read-only or not ours, and a process with too many open files. */
const SCRATCH_FAULTS = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE']);

/** Turns what Node says of a scratch disk that cannot be used into `scratch_full`, which is no asset's fault. */
export function toScratchError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !SCRATCH_FAULTS.has((thrown as NodeJS.ErrnoException).code ?? '')) return thrown;
  return new CycloramaError('scratch_full', `the scratch disk cannot be used: ${thrown.message}`, { cause: thrown });
}
