import { CycloramaError, REASONS } from '../../services/kernel/failure.ts';

/** Exit statuses of commands; docs/use/cli.md explains each. */
export const EXIT = {
  ok: 0,
  /** The job or asset failed, or somebody cancelled the job. */
  failed: 1,
  /** The command line or the request is wrong. */
  usage: 2,
  /** A service, the store or a worker does not answer. */
  unreachable: 3,
  /** The job ended, some of its assets failed, and --fail-on-error was given. */
  assetsFailed: 4,
  /** The user pressed Ctrl-C. */
  interrupted: 130,
} as const;

/** Returns whether the same call may succeed a little later. */
export function isUnreachable(error: unknown): error is CycloramaError {
  if (!(error instanceof CycloramaError)) return false;
  const { code, handling } = REASONS[error.reason];
  return code === 'UNAVAILABLE' && handling !== 'suspect';
}

/** Returns the exit status for an error. */
export function exitCodeOf(error: unknown): number {
  if (isUnreachable(error)) return EXIT.unreachable;
  if (error instanceof CycloramaError && REASONS[error.reason].code === 'INVALID_ARGUMENT') return EXIT.usage;
  return EXIT.failed;
}
