import { expect, test } from 'vitest';
import { CycloramaError, type Reason } from '../failure.ts';
import { isBadRequest, isTransient, toStoreError } from './errors.ts';

const PLACE = { bucket: 'bucket', key: 'a/b.glb' };

function sdkError(name: string, httpStatusCode?: number, code?: string): Error {
  return Object.assign(new Error('as the store said'), { name, code, $metadata: { httpStatusCode } });
}

test.each<[string, number | undefined, Reason]>([
  ['NoSuchBucket', 404, 'bucket_not_found'],
  ['NoSuchKey', 404, 'asset_not_found'],
  ['NotFound', 404, 'asset_not_found'],
  ['SomethingElse', 404, 'asset_not_found'],
  ['InvalidObjectState', 403, 'asset_archived'],
  ['AccessDenied', 403, 'access_denied'],
  ['SignatureDoesNotMatch', 403, 'access_denied'],
  ['InvalidAccessKeyId', 403, 'access_denied'],
  ['ExpiredToken', 400, 'access_denied'],
  ['XAdminUserNotFound', 404, 'access_denied'],
  ['CredentialsProviderError', undefined, 'access_denied'],
  ['KMS.NotFoundException', 400, 'access_denied'],
  ['KMS.DisabledException', 400, 'access_denied'],
  ['Unknown', 403, 'access_denied'],
  ['Unknown', 401, 'access_denied'],
  ['KeyTooLongError', 400, 'output_refused'],
  ['ExistingObjectIsDirectory', 409, 'output_refused'],
  ['ObjectParentIsFile', 409, 'output_refused'],
  ['PreconditionFailed', 412, 'precondition_failed'],
  ['ConditionalRequestConflict', 409, 'precondition_failed'],
  ['EntityTooLarge', 400, 'request_refused'],
  ['URIError', undefined, 'request_refused'],
  ['MethodNotAllowed', 405, 'request_refused'],
  ['InvalidRange', 416, 'request_refused'],
  ['NotImplemented', 501, 'request_refused'],
  ['RequestTimeout', 400, 'store_unavailable'],
  ['BadRequest', 400, 'store_unavailable'],
  ['Unknown', 408, 'store_unavailable'],
  ['TooManyRequests', 429, 'store_unavailable'],
  ['SlowDown', 503, 'store_unavailable'],
  ['InternalError', 500, 'store_unavailable'],
  ['TimeoutError', undefined, 'store_unavailable'],
  ['AbortError', undefined, 'store_unavailable'],
])('%s with status %s is %s', (name, status, reason) => {
  expect(toStoreError(sdkError(name, status), 'GetObject', PLACE).error.reason).toBe(reason);
});

test.each(['ENOSPC', 'EDQUOT'])('%s of the local disk is the scratch space, not the store', (code) => {
  expect(toStoreError(sdkError('Error', undefined, code), 'GetObject', PLACE).error.reason).toBe('scratch_full');
});

test('the message names request and place, and the cause is kept', () => {
  const thrown = sdkError('AccessDenied', 403);
  const { error } = toStoreError(thrown, 'PutObject', PLACE);
  expect(error.message).toBe("PutObject of 's3://bucket/a/b.glb': as the store said");
  expect(error.cause).toBe(thrown);
  expect(toStoreError(sdkError('NoSuchBucket', 404), 'ListObjectsV2', PLACE).error.message).toBe(
    "bucket 'bucket' does not exist",
  );
});

test('an asset that is not there is named without the words of the store', () => {
  expect(toStoreError(sdkError('NoSuchKey', 404), 'GetObject', PLACE).error.message).toBe(
    "asset 's3://bucket/a/b.glb' does not exist",
  );
});

test('what the store refuses to write is an output that it does not take', () => {
  expect(toStoreError(sdkError('EntityTooLarge', 400), 'PutObject', PLACE).error.reason).toBe('output_refused');
});

test('an error of ours stays what it is', () => {
  const ours = new CycloramaError('asset_too_large', 'too large');
  expect(toStoreError(ours, 'GetObject', PLACE)).toEqual({ error: ours, status: 'asset_too_large' });
});

test('the metric counts by status, else by code or name, never by place', () => {
  const statusOf = (error: Error): string => toStoreError(error, 'GetObject', PLACE).status;
  expect(statusOf(sdkError('SlowDown', 503))).toBe('503');
  expect(statusOf(sdkError('Error', undefined, 'ECONNREFUSED'))).toBe('ECONNREFUSED');
  expect(statusOf(sdkError('TimeoutError'))).toBe('TimeoutError');
});

test('only a store that may recover is worth another try', () => {
  const reasons: Reason[] = ['store_unavailable', 'access_denied', 'asset_not_found', 'precondition_failed'];
  expect(reasons.filter((reason) => isTransient(new CycloramaError(reason, '')))).toEqual(['store_unavailable']);
  expect(isTransient(new Error('something'))).toBe(false);
});

test('a request that makes no sense is told by its status', () => {
  expect(isBadRequest(toStoreError(sdkError('InvalidArgument', 400), 'ListObjectsV2', PLACE).error)).toBe(true);
  expect(isBadRequest(toStoreError(sdkError('SlowDown', 503), 'ListObjectsV2', PLACE).error)).toBe(false);
});
