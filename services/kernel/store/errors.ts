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
  // versitygw answers an unknown access key with this name and status 404.
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
  // versitygw keeps objects as files, so a key can collide with a folder.
  ExistingObjectIsDirectory: 'output_refused',
  ObjectParentIsFile: 'output_refused',
  // No request can carry such a key.
  URIError: 'request_refused',
  PreconditionFailed: 'precondition_failed',
  ConditionalRequestConflict: 'precondition_failed',
  // A broken transfer also has status 400.
  RequestTimeout: 'store_unavailable',
  IncompleteBody: 'store_unavailable',
  BadDigest: 'store_unavailable',
  // versitygw answers so if it reads the rest of an earlier request on a kept connection.
  BadRequest: 'store_unavailable',
};

const BY_STATUS: Record<number, Reason> = {
  401: 'access_denied',
  403: 'access_denied',
  404: 'asset_not_found',
  409: 'precondition_failed',
  412: 'precondition_failed',
};

/** These 4xx statuses are temporary. */
const TEMPORARY = new Set([408, 425, 429]);
/** Node's codes for a full local disk. */
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Gives an error of the SDK or of a body stream a reason of the table, and a status for the metric. */
export function toStoreError(thrown: unknown, op: string, place: S3Place): { error: CycloramaError; status: string } {
  if (thrown instanceof CycloramaError) return { error: thrown, status: thrown.reason };
  const { name = '', message = '', code = '', $metadata } = thrown as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  const reason = isDiskFull(thrown) ? 'scratch_full' : (BY_NAME[name] ?? byStatus(status, op));
  const text = `${op} of '${toS3Uri(place)}': ${message || name}`;
  return {
    error: new CycloramaError(reason, absenceText(reason, place) ?? text, { cause: thrown }),
    status: status === 0 ? code || name || 'unknown' : String(status),
  };
}

/** Returns the reason of a status. A store that refuses what we ask refuses it every time, so that is no outage. */
function byStatus(status: number, op: string): Reason {
  const known = BY_STATUS[status];
  if (known) return known;
  const isFinal = (status >= 400 && status < 500 && !TEMPORARY.has(status)) || status === 501;
  if (!isFinal) return 'store_unavailable';
  return op === 'PutObject' ? 'output_refused' : 'request_refused';
}

/** Says what is missing without the store's words; undefined if nothing is missing. */
function absenceText(reason: Reason, place: S3Place): string | undefined {
  if (reason === 'bucket_not_found') return `bucket '${place.bucket}' does not exist`;
  return reason === 'asset_not_found' ? `asset '${toS3Uri(place)}' does not exist` : undefined;
}

/** Returns whether the local disk is full. */
function isDiskFull(error: unknown): boolean {
  return DISK_FULL.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Returns whether the same request may succeed a little later. A redirect (3xx) is final: the bucket does not move. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof CycloramaError) || error.reason !== 'store_unavailable') return false;
  const status = (error.cause as SdkError | undefined)?.$metadata?.httpStatusCode ?? 0;
  return status < 300 || status >= 400;
}

/** Returns whether the content that came does not match the store's own checksum. */
export function isDamage(error: unknown): boolean {
  return error instanceof CycloramaError && /\bChecksum mismatch: /.test(error.message);
}

/** Returns whether the store answered 400, such as for an expired continuation token or an impossible name. */
export function isBadRequest(error: unknown): boolean {
  return error instanceof CycloramaError && (error.cause as SdkError | undefined)?.$metadata?.httpStatusCode === 400;
}
