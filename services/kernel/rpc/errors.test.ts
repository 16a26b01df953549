import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { CycloramaError, invalidRequest } from '../failure.ts';
import { fromServiceError, toStatus } from './errors.ts';

const TRACE = 'c'.repeat(32);
const overTheWire = (thrown: unknown): CycloramaError =>
  fromServiceError(Object.assign(new Error('rpc'), toStatus(thrown, TRACE)), 'host:1');

test('reason, message, stage, exit and signal survive the wire', () => {
  const sent = new CycloramaError('blender_crash', 'Blender died', {
    stage: 'import',
    exitCode: 139,
    signal: 'SIGSEGV',
  });
  const got = overTheWire(sent);
  expect(got).toMatchObject({ reason: 'blender_crash', message: 'Blender died' });
  expect(got.detail).toMatchObject({ stage: 'import', exitCode: 139, signal: 'SIGSEGV' });
});

test('field violations survive the wire', () => {
  const violations = [
    { field: 'prefix_uri', description: 'is empty' },
    { field: 'limit', description: 'is -1' },
  ];
  const got = overTheWire(invalidRequest(...violations));
  expect(got.reason).toBe('invalid_request');
  expect(got.detail.violations).toEqual(violations);
});

test('a defect tells the caller nothing but the trace id', () => {
  const sent = toStatus(new TypeError('secret of ours'), TRACE);
  expect(sent).toMatchObject({ code: status.INTERNAL, details: `internal error, trace id ${TRACE}` });
  expect(JSON.stringify(sent.metadata.toJSON())).not.toContain(Buffer.from('secret').toString('base64').slice(0, 6));
});

test('a message of any length and any characters stays sendable', () => {
  const sent = toStatus(new CycloramaError('asset_not_found', `\ud800 ${'ä'.repeat(100_000)}`), TRACE);
  expect(() => encodeURI(sent.details)).not.toThrow();
  expect(sent.details.length).toBeLessThan(1_100);
});

test('many violations stay within what headers may carry', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => ({ field: `uris[${i}]`, description: 'x'.repeat(5_000) }));
  const [bytes] = toStatus(invalidRequest(...many), TRACE).metadata.get('grpc-status-details-bin');
  expect((bytes as Buffer).length).toBeLessThan(4_000);
});

describe('errors without our details', () => {
  const foreign = (code: status): CycloramaError =>
    fromServiceError(
      Object.assign(new Error('x'), { code, details: 'why', metadata: new Metadata() }) as ServiceError,
      'host:50051',
    );
  test.each([
    [status.UNAVAILABLE, 'service_unavailable'],
    [status.CANCELLED, 'cancelled'],
    [status.DEADLINE_EXCEEDED, 'deadline_exceeded'],
    [status.UNIMPLEMENTED, 'unimplemented'],
    [status.UNAUTHENTICATED, 'unauthenticated'],
    [status.RESOURCE_EXHAUSTED, 'message_too_large'],
    [status.UNKNOWN, 'internal'],
  ])('code %i becomes %s', (code, reason) => {
    expect(foreign(code).reason).toBe(reason);
  });

  test('name the address', () => {
    expect(foreign(status.UNAVAILABLE).message).toContain('host:50051');
  });
});
