import { expect, test } from 'vitest';
import { formatTraceparent, newTraceId, parseTraceparent } from './trace.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';

test.each([
  [`00-${ID}-00f067aa0ba902b7-01`, ID],
  [`cc-${ID}-00f067aa0ba902b7-01-later-versions-may-add`, ID],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
  [`00-${ID.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
  ['garbage', undefined],
  ['', undefined],
  [undefined, undefined],
])('traceparent %j has the trace id %j', (header, expected) => {
  expect(parseTraceparent(header)).toBe(expected);
});

test('a written header is read back', () => {
  const id = newTraceId();
  expect(parseTraceparent(formatTraceparent(id))).toBe(id);
});
