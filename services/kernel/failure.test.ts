import { expect, test } from 'vitest';
import {
  CycloramaError,
  fromFailure,
  invalidRequest,
  isReason,
  REASONS,
  type Reason,
  shouldRetry,
  toCycloramaError,
  toFailure,
} from './failure.ts';

test('a failure crosses the wire and back with all that it says', () => {
  const detail = { stage: 'import', exitCode: 139, signal: 'SIGSEGV', logTail: ['last', 'words'] };
  const there = toFailure(new CycloramaError('blender_crash', 'it crashed', detail));
  expect(there).toEqual({ reason: 'blender_crash', message: 'it crashed', ...detail });
  const back = fromFailure(there);
  expect(back).toMatchObject({ reason: 'blender_crash', message: 'it crashed', detail, handling: 'suspect' });
  expect(toFailure(back)).toEqual(there);
});

test('an exit code of zero is one, and none is none', () => {
  const exitCodeOf = (detail: { exitCode?: number }) =>
    fromFailure(toFailure(new CycloramaError('blender_crash', '', detail))).detail.exitCode;
  expect(exitCodeOf({ exitCode: 0 })).toBe(0);
  expect(exitCodeOf({})).toBeUndefined();
});

test('a reason of a later version is internal here, and keeps its name in the message', () => {
  const failure = { reason: 'of_tomorrow', message: 'no', stage: '', exitCode: undefined, signal: '', logTail: [] };
  expect(fromFailure(failure)).toMatchObject({ reason: 'internal', message: 'of_tomorrow: no' });
});

test('whatever is thrown has a reason; what is none of ours is internal and keeps its cause', () => {
  const ours = new CycloramaError('invalid_asset', 'broken');
  expect(toCycloramaError(ours)).toBe(ours);
  const foreign = new TypeError('undefined is not a function');
  expect(toCycloramaError(foreign)).toMatchObject({ reason: 'internal', message: foreign.message, cause: foreign });
  expect(toCycloramaError('a word')).toMatchObject({ reason: 'internal', message: 'a word' });
  expect(toCycloramaError(undefined)).toMatchObject({ reason: 'internal', message: 'undefined' });
});

test('a refused request says every wrong field in its message and in its violations', () => {
  const violations = [
    { field: 'uri', description: 'is empty' },
    { field: 'limit', description: 'is -1; expected 0 or more' },
  ];
  expect(invalidRequest(...violations)).toMatchObject({
    reason: 'invalid_request',
    message: 'uri: is empty; limit: is -1; expected 0 or more',
    detail: { violations },
  });
});

test('only the words of the table are reasons', () => {
  expect(Object.keys(REASONS).every(isReason)).toBe(true);
  for (const word of ['', 'toString', 'constructor', 'INVALID_ASSET', 'of_tomorrow'])
    expect(isReason(word)).toBe(false);
});

test.each<[Reason, string, boolean, boolean, boolean]>([
  // reason, stage, an asset's task, the closing task, the drive of a job
  ['invalid_asset', '', false, false, false],
  ['job_not_found', '', false, false, false],
  ['blender_crash', '', true, true, false],
  ['store_unavailable', '', true, true, true],
  ['scratch_full', '', true, false, true],
  ['access_denied', '', true, false, false],
  ['access_denied', 'download', false, false, false],
  ['internal', '', true, true, true],
])('%s %s is retried for an asset: %j, for a closing task: %j, for a job: %j', (reason, stage, ...expected) => {
  const error = new CycloramaError(reason, 'why', { stage });
  expect([shouldRetry(error, 'asset'), shouldRetry(error, 'closing'), shouldRetry(error, 'job')]).toEqual(expected);
});
