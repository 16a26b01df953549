import { expect, test } from 'vitest';
import { ListAssetsRequest, ScanAssetsRequest } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { parseListRequest, parseScanRequest, toRequestKey } from './requests.ts';

const list = (fields: Partial<ListAssetsRequest>) =>
  parseListRequest(ListAssetsRequest.fromPartial({ prefixUri: 's3://bucket/', ...fields }));

test.each([
  [0, 1000],
  [1, 1],
  [1000, 1000],
  [5000, 1000],
])('page_size %i means %i', (asked, expected) => {
  expect(list({ pageSize: asked }).pageSize).toBe(expected);
});

test('a bucket without a slash is the whole bucket', () => {
  expect(list({ prefixUri: 's3://bucket' }).place).toEqual({ bucket: 'bucket', key: '' });
});

test('every wrong field of a listing is named at once', () => {
  expect(() => list({ prefixUri: 'bucket/x', pageSize: -1, suffixes: [''] })).toThrowError(
    expect.objectContaining({
      reason: 'invalid_request',
      detail: {
        violations: [
          expect.objectContaining({ field: 'prefix_uri' }),
          expect.objectContaining({ field: 'page_size' }),
          expect.objectContaining({ field: 'suffixes[0]' }),
        ],
      },
    }),
  );
});

test('every wrong field of a scan is named at once', () => {
  const request = ScanAssetsRequest.fromPartial({ prefixUri: 's3://b', limit: -1n, startAfter: 'x'.repeat(1025) });
  expect(() => parseScanRequest(request)).toThrowError(
    expect.objectContaining({
      message: expect.stringMatching(/prefix_uri.*limit.*start_after/),
    }),
  );
});

test('a limit of zero means no limit', () => {
  expect(parseScanRequest(ScanAssetsRequest.fromPartial({ prefixUri: 's3://bucket' })).limit).toBe(Infinity);
});

test('the page size does not bind a token, prefix and suffixes do', () => {
  const key = toRequestKey(list({ pageSize: 10 }));
  expect(toRequestKey(list({ pageSize: 20, suffixes: ['.GLB'] }))).toBe(key);
  expect(toRequestKey(list({ prefixUri: 's3://bucket/a' }))).not.toBe(key);
  expect(toRequestKey(list({ suffixes: ['.obj'] }))).not.toBe(key);
});
