import { describe, expect, it } from 'vitest';
import { CycloramaError, invalidRequest, type Reason } from '../../services/kernel/failure.ts';
import { errorJson, errorText } from './error-text.ts';
import { exitCodeOf } from './exit-codes.ts';

describe('exit status', () => {
  it.each<[Reason, number]>([
    ['invalid_request', 2],
    ['invalid_page_token', 2],
    ['service_unavailable', 3],
    ['store_unavailable', 3],
    ['no_workers', 3],
    ['worker_lost', 1],
    ['no_geometry', 1],
    ['job_not_found', 1],
    ['access_denied', 1],
  ])('of %s is %i', (reason, code) => {
    expect(exitCodeOf(new CycloramaError(reason, 'm'))).toBe(code);
  });

  it('of a defect is 1', () => {
    expect(exitCodeOf(new TypeError('oops'))).toBe(1);
  });
});

describe('text of an error', () => {
  it('is one sentence for a server that is not there', () => {
    const none = 'No connection established. Last error: ';
    const refused = 'connect ECONNREFUSED 127.0.0.1:1';
    const grpc = `no answer from '127.0.0.1:1': round_robin: ${none}${none}Error: ${refused}. Resolution note: `;
    const advice = 'start the local stack with `npx cyclorama up`, or name another server with --endpoint HOST:PORT';
    expect(errorText(new CycloramaError('service_unavailable', grpc))).toBe(
      `no server answers at 127.0.0.1:1 (${refused}): ${advice}`,
    );
  });

  it('begins with the reason and ends with what to do', () => {
    const [first, second] = errorText(new CycloramaError('job_not_found', "no job 'x'")).split('\n');
    expect(first).toBe("job_not_found: no job 'x'");
    expect(second).toContain('cyclorama job list');
  });

  it('has reason, code and violations as JSON', () => {
    const error = invalidRequest({ field: 'uri', description: 'is empty' });
    expect(JSON.parse(JSON.stringify(errorJson(error)))).toEqual({
      error: {
        reason: 'invalid_request',
        code: 'INVALID_ARGUMENT',
        message: 'uri: is empty',
        violations: [{ field: 'uri', description: 'is empty' }],
      },
    });
  });
});
