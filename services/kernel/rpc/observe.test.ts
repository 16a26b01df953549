import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { toCodeLabel, toLabels } from './observe.ts';

test.each([
  [status.OK, 'OK'],
  [status.CANCELLED, 'Canceled'],
  [status.NOT_FOUND, 'NotFound'],
  [status.DEADLINE_EXCEEDED, 'DeadlineExceeded'],
  [99 as status, 'Unknown'],
])('code %i is labelled %s', (code, label) => {
  expect(toCodeLabel(code)).toBe(label);
});

test.each([
  [false, false, 'unary'],
  [false, true, 'server_stream'],
  [true, false, 'client_stream'],
  [true, true, 'bidi_stream'],
])('request stream %s and response stream %s make %s', (requestStream, responseStream, type) => {
  expect(toLabels({ path: '/a.b.v1.S/Do', requestStream, responseStream })).toEqual({
    grpc_type: type,
    grpc_service: 'a.b.v1.S',
    grpc_method: 'Do',
  });
});
