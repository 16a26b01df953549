import type { Failure } from '../../gen/cyclorama/failure/v1/failure.ts';

/** The handling by the queue of a task that failed for this reason. */
export type Handling =
  /** The asset is at fault: record the failure, do not retry. */
  | 'permanent'
  /** The asset may be at fault: charge it, retry in a fresh Blender, quarantine it after three charges. */
  | 'suspect'
  /** The asset is not at fault: hand the task back, charge nothing. */
  | 'infrastructure'
  /** The reason concerns a call or a job, never a task. */
  | 'call';

/** Names of the gRPC status codes that reasons map to. */
export type CodeName =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'CANCELLED'
  | 'DEADLINE_EXCEEDED'
  | 'UNIMPLEMENTED'
  | 'UNAVAILABLE'
  | 'INTERNAL';

interface ReasonRow {
  code: CodeName;
  handling: Handling;
  meaning: string;
}

/**
 * Lists every reason for which Cyclorama fails, with the code a caller gets and what the queue does.
 * A contract test compares docs/use/failures.md and the Python runtime's reasons with this table.
 */
export const REASONS = {
  // The call or the job
  invalid_request: {
    code: 'INVALID_ARGUMENT',
    handling: 'call',
    meaning: 'A field of the request is wrong; the violations say which.',
  },
  invalid_page_token: {
    code: 'INVALID_ARGUMENT',
    handling: 'call',
    meaning: 'The page token is unknown or belongs to another request.',
  },
  unauthenticated: { code: 'UNAUTHENTICATED', handling: 'call', meaning: 'The shared token is missing or wrong.' },
  bucket_not_allowed: {
    code: 'PERMISSION_DENIED',
    handling: 'call',
    meaning: 'The bucket is not in CYCLORAMA_ALLOWED_BUCKETS.',
  },
  job_not_found: {
    code: 'NOT_FOUND',
    handling: 'call',
    meaning: 'No job has this id (or it was forgotten after its retention).',
  },
  job_not_ended: { code: 'FAILED_PRECONDITION', handling: 'call', meaning: 'The call needs a job that has ended.' },
  request_id_reused: {
    code: 'ALREADY_EXISTS',
    handling: 'call',
    meaning: 'The request_id was used before with another request.',
  },
  output_in_use: {
    code: 'FAILED_PRECONDITION',
    handling: 'call',
    meaning: 'The output place holds the dataset of another operation or spec.',
  },
  store_not_conditional: {
    code: 'FAILED_PRECONDITION',
    handling: 'call',
    meaning: 'The store ignores conditional writes, so results could overwrite each other.',
  },
  too_many_assets: {
    code: 'FAILED_PRECONDITION',
    handling: 'call',
    meaning: 'The source has more than 10,000,000 assets: split it by prefix.',
  },
  no_jobs_to_resume: {
    code: 'NOT_FOUND',
    handling: 'call',
    meaning: 'No stored request of an unended job lies in the output place.',
  },
  no_workers: { code: 'UNAVAILABLE', handling: 'call', meaning: 'No live worker takes tasks of this operation.' },
  manifest_invalid: {
    code: 'FAILED_PRECONDITION',
    handling: 'call',
    meaning: 'The manifest, index or inventory is malformed, or one of its lines names no asset.',
  },
  source_job_gone: {
    code: 'NOT_FOUND',
    handling: 'call',
    meaning: 'The job that is the source of this one is not known any more.',
  },
  results_gone: {
    code: 'NOT_FOUND',
    handling: 'call',
    meaning: 'The results of the job were kept for seven days and are gone; the index of its dataset has them.',
  },
  source_job_cancelled: {
    code: 'CANCELLED',
    handling: 'call',
    meaning: 'The job that is the source of this one was cancelled or failed.',
  },
  cancelled: { code: 'CANCELLED', handling: 'call', meaning: 'Somebody cancelled the call or the job.' },
  deadline_exceeded: { code: 'DEADLINE_EXCEEDED', handling: 'call', meaning: 'The call was not done by its deadline.' },
  service_unavailable: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'The called service did not answer, or is going away; call again.',
  },
  message_too_large: { code: 'RESOURCE_EXHAUSTED', handling: 'call', meaning: 'A message is over the size limit.' },
  service_not_found: {
    code: 'NOT_FOUND',
    handling: 'call',
    meaning: 'The health check names a service that this server does not have.',
  },
  unimplemented: { code: 'UNIMPLEMENTED', handling: 'call', meaning: 'There is no such method here.' },
  // The store
  bucket_not_found: { code: 'NOT_FOUND', handling: 'call', meaning: 'The bucket does not exist.' },
  access_denied: {
    code: 'PERMISSION_DENIED',
    handling: 'infrastructure',
    meaning: 'The store refuses our credentials for this place.',
  },
  store_unavailable: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'The store did not answer or answered with an error after several tries.',
  },
  precondition_failed: {
    code: 'ABORTED',
    handling: 'infrastructure',
    meaning: 'Somebody else changed the object in between.',
  },
  bus_unavailable: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'NATS did not answer after several tries.',
  },
  scratch_full: {
    code: 'RESOURCE_EXHAUSTED',
    handling: 'infrastructure',
    meaning: 'The scratch disk of the worker has no room.',
  },
  worker_draining: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'The worker is going away and handed the task back.',
  },
  sandbox_unavailable: {
    code: 'FAILED_PRECONDITION',
    handling: 'infrastructure',
    meaning: 'CYCLORAMA_SANDBOX=required, and Blender cannot be confined on this machine.',
  },
  blender_unavailable: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'Blender does not start on this worker.',
  },
  gpu_unavailable: {
    code: 'UNAVAILABLE',
    handling: 'infrastructure',
    meaning: 'The job requires a GPU, and Cycles finds none on this worker, or workers are live but none has one.',
  },
  internal: { code: 'INTERNAL', handling: 'suspect', meaning: 'A defect of Cyclorama; the log has the stack.' },
  // The asset
  asset_not_found: { code: 'NOT_FOUND', handling: 'permanent', meaning: 'There is no such object.' },
  asset_changed: {
    code: 'ABORTED',
    handling: 'permanent',
    meaning: 'The object is not the one that was listed; a new job takes the new content.',
  },
  asset_archived: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The object is in an archive such as S3 Glacier; restore it, then run a new job.',
  },
  asset_too_large: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The asset, or what it expands to, is over a limit.',
  },
  unsupported_format: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The file is of a kind or version that we cannot read.',
  },
  invalid_asset: { code: 'FAILED_PRECONDITION', handling: 'permanent', meaning: 'The file breaks its format.' },
  unsafe_reference: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The file refers to something outside its own folder or bucket.',
  },
  missing_dependency: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'A file that the asset needs is not in the bucket.',
  },
  unsupported_extension: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The file requires a glTF extension that nothing here decodes.',
  },
  decode_failed: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'Compressed geometry or textures could not be decoded.',
  },
  import_failed: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: "Blender's importer refused the file.",
  },
  no_geometry: { code: 'FAILED_PRECONDITION', handling: 'permanent', meaning: 'The file has no mesh with faces.' },
  blank_render: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'An image shows nothing of the object, or one colour fills it; the images are kept beside the record.',
  },
  cropped: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The object touches the border of an image; the images are kept beside the record.',
  },
  invalid_render: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning:
      'A rendered image breaks a promise, such as finite depth or unit normals; the images are kept beside the record.',
  },
  output_refused: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The store refuses an output: it is too large, or its name is too long or is the name of a folder.',
  },
  request_refused: {
    code: 'FAILED_PRECONDITION',
    handling: 'permanent',
    meaning: 'The store refuses a request for good; the message quotes the store.',
  },
  // Blender on the asset
  blender_crash: {
    code: 'INTERNAL',
    handling: 'suspect',
    meaning: 'Blender ended by a signal or by itself during a task.',
  },
  blender_hang: {
    code: 'DEADLINE_EXCEEDED',
    handling: 'suspect',
    meaning: 'Blender made no progress, or not enough before the deadline.',
  },
  blender_out_of_memory: {
    code: 'RESOURCE_EXHAUSTED',
    handling: 'suspect',
    meaning: 'Blender grew over its memory limit.',
  },
  worker_lost: {
    code: 'UNAVAILABLE',
    handling: 'suspect',
    meaning: 'Five times, a worker vanished while it worked on this asset.',
  },
} as const satisfies Record<string, ReasonRow>;

/** A stable name of a failure. */
export type Reason = keyof typeof REASONS;

/** A wrong field of a request: its path in proto names, and a text that says what was expected. */
export interface FieldViolation {
  field: string;
  description: string;
}

interface FailureDetail {
  cause?: unknown;
  stage?: string;
  exitCode?: number;
  signal?: string;
  logTail?: string[];
  violations?: FieldViolation[];
}

/** The one error class. Its message names the thing that failed and says what was expected. */
export class CycloramaError extends Error {
  readonly reason: Reason;
  readonly detail: FailureDetail;

  constructor(reason: Reason, message: string, detail: FailureDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'CycloramaError';
    this.reason = reason;
    this.detail = detail;
  }

  get handling(): Handling {
    return REASONS[this.reason].handling;
  }
}

/** Refuses a request, naming every wrong field. */
export function invalidRequest(...violations: FieldViolation[]): CycloramaError {
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new CycloramaError('invalid_request', message, { violations });
}

/** Returns whether a word from the wire is a reason of the table. */
export function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}

/**
 * Returns whether a retry may succeed, for an asset's task, a closing task or the drive of a job.
 * Our own defects (`internal`) are retried, so the caller must limit the number of retries.
 */
export function shouldRetry(error: CycloramaError, work: 'asset' | 'closing' | 'job'): boolean {
  const { handling, reason, detail } = error;
  if (handling === 'permanent' || handling === 'call') return false;
  // If the store denies us the asset, a retry gives the same. For outputs and records, credentials may be renewed.
  if (work === 'asset') return !(reason === 'access_denied' && detail.stage === 'download');
  // Only a person can remove these causes; if we retried, the closing task or the job would never end.
  if (reason === 'access_denied') return false;
  if (work === 'closing') return reason !== 'scratch_full';
  return handling === 'infrastructure' || reason === 'internal';
}

/** Gives any thrown value a reason; anything but a CycloramaError becomes `internal`. */
export function toCycloramaError(thrown: unknown): CycloramaError {
  if (thrown instanceof CycloramaError) return thrown;
  if (thrown instanceof Error) return new CycloramaError('internal', thrown.message, { cause: thrown });
  return new CycloramaError('internal', String(thrown));
}

/** Writes an error as the wire's failure message. */
export function toFailure(error: CycloramaError): Failure {
  const { stage = '', exitCode, signal = '', logTail = [] } = error.detail;
  return { reason: error.reason, message: error.message, stage, exitCode, signal, logTail };
}

/** Reads the wire's failure message; an unknown reason becomes `internal` and keeps its name in the message. */
export function fromFailure(failure: Failure): CycloramaError {
  const { reason, message, stage, signal, logTail, exitCode } = failure;
  const detail = { stage, signal, logTail, ...(exitCode === undefined ? {} : { exitCode }) };
  if (isReason(reason)) return new CycloramaError(reason, message, detail);
  return new CycloramaError('internal', `${reason}: ${message}`, detail);
}
