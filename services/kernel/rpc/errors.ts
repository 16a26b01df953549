import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import type { Any } from '../../../gen/google/protobuf/any.ts';
import { BadRequest, ErrorInfo } from '../../../gen/google/rpc/error_details.ts';
import { Status } from '../../../gen/google/rpc/status.ts';
import { CycloramaError, type FieldViolation, isReason, REASONS, type Reason } from '../failure.ts';

/** All our ErrorInfos have this `domain`. */
const ERROR_DOMAIN = 'cyclorama';

const DETAILS_KEY = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/';
const ERROR_INFO = 'google.rpc.ErrorInfo';
const BAD_REQUEST = 'google.rpc.BadRequest';

/** Status details travel in HTTP/2 headers, which some peers and proxies limit to 8 KiB. */
const MAX_MESSAGE_LENGTH = 1_000;
const MAX_DESCRIPTION_LENGTH = 200;
const MAX_VIOLATIONS = 10;

/** Errors of gRPC itself, a proxy or a foreign server carry no reason; their code gives it. */
const REASON_OF_CODE = new Map<status, Reason>([
  [status.CANCELLED, 'cancelled'],
  [status.INVALID_ARGUMENT, 'invalid_request'],
  [status.DEADLINE_EXCEEDED, 'deadline_exceeded'],
  [status.PERMISSION_DENIED, 'access_denied'],
  [status.UNAUTHENTICATED, 'unauthenticated'],
  [status.RESOURCE_EXHAUSTED, 'message_too_large'],
  [status.UNIMPLEMENTED, 'unimplemented'],
  [status.UNAVAILABLE, 'service_unavailable'],
]);

/**
 * Writes an error as a gRPC status with google.rpc details.
 * Only a CycloramaError is shown to the caller. Other errors may reveal internals, so the caller gets the trace id.
 */
export function toStatus(thrown: unknown, traceId: string): StatusObject {
  const error =
    thrown instanceof CycloramaError
      ? thrown
      : new CycloramaError('internal', `internal error, trace id ${traceId}`, { cause: thrown });
  const code = status[REASONS[error.reason].code];
  const message = shorten(error.message, MAX_MESSAGE_LENGTH);
  const { stage, exitCode, signal, violations = [] } = error.detail;
  const metadata: Record<string, string> = { trace_id: traceId };
  if (stage) metadata.stage = stage;
  if (exitCode !== undefined) metadata.exit_code = String(exitCode);
  if (signal) metadata.signal = signal;
  const details = [
    pack(ERROR_INFO, ErrorInfo.encode({ reason: error.reason, domain: ERROR_DOMAIN, metadata }).finish()),
  ];
  if (violations.length > 0) {
    details.push(
      pack(
        BAD_REQUEST,
        BadRequest.encode({ fieldViolations: violations.map(toViolation).slice(0, MAX_VIOLATIONS) }).finish(),
      ),
    );
  }
  const trailer = new Metadata();
  trailer.set(DETAILS_KEY, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata: trailer };
}

/** Reads the error of a call to `address`; one without our details gets the reason of its code. */
export function fromServiceError(error: ServiceError, address: string): CycloramaError {
  const details = readDetails(error.metadata);
  const info = details.info;
  if (info?.domain === ERROR_DOMAIN && isReason(info.reason)) {
    const { stage, exit_code, signal } = info.metadata;
    return new CycloramaError(info.reason, error.details, {
      cause: error,
      violations: details.violations,
      ...(stage === undefined ? {} : { stage }),
      ...(signal === undefined ? {} : { signal }),
      ...(exit_code === undefined ? {} : { exitCode: Number(exit_code) }),
    });
  }
  const reason = REASON_OF_CODE.get(error.code) ?? 'internal';
  const message =
    error.code === status.UNAVAILABLE
      ? `no answer from '${address}': ${error.details}`
      : `'${address}' answered ${status[error.code]}: ${error.details}`;
  return new CycloramaError(reason, message, { cause: error, violations: details.violations });
}

function readDetails(metadata: Metadata | undefined): { info: ErrorInfo | undefined; violations: FieldViolation[] } {
  const [bytes] = metadata?.get(DETAILS_KEY) ?? [];
  let info: ErrorInfo | undefined;
  const violations: FieldViolation[] = [];
  if (!(bytes instanceof Buffer)) return { info, violations };
  for (const { typeUrl, value } of Status.decode(bytes).details) {
    const type = typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
    if (type === ERROR_INFO) info = ErrorInfo.decode(value);
    if (type === BAD_REQUEST) {
      for (const { field, description } of BadRequest.decode(value).fieldViolations)
        violations.push({ field, description });
    }
  }
  return { info, violations };
}

function pack(type: string, value: Uint8Array): Any {
  return { typeUrl: `${TYPE_PREFIX}${type}`, value: Buffer.from(value) };
}

function toViolation({ field, description }: FieldViolation) {
  return { field, description: shorten(description, MAX_DESCRIPTION_LENGTH), reason: '', localizedMessage: undefined };
}

/** grpc-js percent-encodes the message with encodeURI, which throws on lone surrogates. */
function shorten(text: string, length: number): string {
  const whole = text.toWellFormed();
  return whole.length <= length ? whole : `${whole.slice(0, length).toWellFormed()}…`;
}
