import { CycloramaError, type Reason } from '../failure.ts';
import { type S3Place, toS3Uri } from '../uri.ts';

interface SdkError {
  name?: string;
  message?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

const BY_NAME: Record<string, Reason> = {
  NoSuchBucket: 'bucket_not_found',
  NoSuchKey: 'asset_not_found',
  NotFound: 'asset_not_found',
  InvalidObjectState: 'asset_archived',
  AccessDenied: 'access_denied',
  Forbidden: 'access_denied',
  InvalidAccessKeyId: 'access_denied',
  // versitygw's word for it, with status 404.
  XAdminUserNotFound: 'access_denied',
  SignatureDoesNotMatch: 'access_denied',
  ExpiredToken: 'access_denied',
  CredentialsProviderError: 'access_denied',
  'KMS.DisabledException': 'access_denied',
  'KMS.InvalidKeyUsageException': 'access_denied',
  'KMS.KMSInvalidStateException': 'access_denied',
  'KMS.NotFoundException': 'access_denied',
  KeyTooLong: 'output_refused',
  KeyTooLongError: 'output_refused',
  // versitygw, which keeps objects as files.
  ExistingObjectIsDirectory: 'output_refused',
  ObjectParentIsFile: 'output_refused',
  // A key that no request can carry.
  URIError: 'request_refused',
  PreconditionFailed: 'precondition_failed',
  ConditionalRequestConflict: 'precondition_failed',
  // What broke on its way has status 400, too.
  RequestTimeout: 'store_unavailable',
  IncompleteBody: 'store_unavailable',
  BadDigest: 'store_unavailable',
  // versitygw, when what it reads is no request: the rest of another one on a connection that was kept.
  BadRequest: 'store_unavailable',
};

const BY_STATUS: Record<number, Reason> = {
  401: 'access_denied',
  403: 'access_denied',
  404: 'asset_not_found',
  409: 'precondition_failed',
  412: 'precondition_failed',
};

/** Statuses of 4xx that pass. */
const PASSING = new Set([408, 425, 429]);
/** Codes of Node for a local disk that takes no more. */
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Gives whatever the SDK or a body stream threw a reason of the table, and a status for the metric. */
export function toStoreError(thrown: unknown, op: string, place: S3Place): { error: CycloramaError; status: string } {
  if (thrown instanceof CycloramaError) return { error: thrown, status: thrown.reason };
  const { name = '', message = '', code = '', $metadata } = thrown as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  const reason = isDiskFull(thrown) ? 'scratch_full' : (BY_NAME[name] ?? byStatus(status, op));
  const said = `${op} of '${toS3Uri(place)}': ${message || name}`;
  return {
    error: new CycloramaError(reason, absenceText(reason, place) ?? said, { cause: thrown }),
    status: status === 0 ? code || name || 'unknown' : String(status),
  };
}

/** What a status says by itself; a refusal of what was asked stays one, however often it is asked. */
function byStatus(status: number, op: string): Reason {
  const known = BY_STATUS[status];
  if (known) return known;
  const stays = (status >= 400 && status < 500 && !PASSING.has(status)) || status === 501;
  if (!stays) return 'store_unavailable';
  return op === 'PutObject' ? 'output_refused' : 'request_refused';
}

/** What is not there, in a sentence that needs none of the store's words. */
function absenceText(reason: Reason, place: S3Place): string | undefined {
  if (reason === 'bucket_not_found') return `bucket '${place.bucket}' does not exist`;
  return reason === 'asset_not_found' ? `asset '${toS3Uri(place)}' does not exist` : undefined;
}

/** Whether the local disk takes no more. */
function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether the same request may well succeed a little later; a bucket of another region stays where it is. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof CycloramaError) || error.reason !== 'store_unavailable') return false;
  const status = (error.cause as SdkError | undefined)?.$metadata?.httpStatusCode ?? 0;
  return status < 300 || status >= 400;
}

/** Whether content came that is not what the store's own checksum of it says. */
export function isDamage(error: unknown): boolean {
  return error instanceof CycloramaError && /\bChecksum mismatch: /.test(error.message);
}

/** Whether the store says that the request makes no sense: a continuation token that has expired, a name that it cannot hold. */
export function isBadRequest(error: unknown): boolean {
  return error instanceof CycloramaError && (error.cause as SdkError | undefined)?.$metadata?.httpStatusCode === 400;
}
