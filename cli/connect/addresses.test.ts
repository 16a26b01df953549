import { describe, expect, it } from 'vitest';
import { addressVariable, resolveAddresses } from './addresses.ts';

const stack = { discovery: '127.0.0.1:31000', analysis: '127.0.0.1:31001', rendering: '127.0.0.1:31002' };
const env = { CYCLORAMA_ANALYSIS_ADDRESS: 'analysis.farm:443' };

describe('addresses of the services', () => {
  it('are the default ports of this machine where nothing names them', () => {
    expect(resolveAddresses({ endpoints: [], env: {}, stack: undefined })).toEqual({
      discovery: '127.0.0.1:50051',
      analysis: '127.0.0.1:50052',
      rendering: '127.0.0.1:50053',
    });
  });

  it('come from the options first, then the environment, then the running stack', () => {
    expect(resolveAddresses({ endpoints: [], env, stack })).toEqual({
      discovery: '127.0.0.1:31000',
      analysis: 'analysis.farm:443',
      rendering: '127.0.0.1:31002',
    });
    expect(resolveAddresses({ endpoints: ['gateway:80'], env, stack })).toEqual({
      discovery: 'gateway:80',
      analysis: 'gateway:80',
      rendering: 'gateway:80',
    });
    expect(resolveAddresses({ endpoints: ['discovery=d:1', '[::1]:2'], env, stack })).toEqual({
      discovery: 'd:1',
      analysis: '[::1]:2',
      rendering: '[::1]:2',
    });
  });

  it('take an empty variable as none', () => {
    const empty = { CYCLORAMA_ANALYSIS_ADDRESS: '' };
    expect(resolveAddresses({ endpoints: [], env: empty, stack }).analysis).toBe('127.0.0.1:31001');
  });

  it.each([
    ['analysis', 'CYCLORAMA_ANALYSIS_ADDRESS'],
    ['human-filter', 'CYCLORAMA_HUMAN_FILTER_ADDRESS'],
  ])('of %s come from the variable %s, which a shell can export', (service, variable) => {
    expect(addressVariable(service)).toBe(variable);
    expect(variable).toMatch(/^[A-Z_]+$/);
  });

  it.each(['localhost', 'http://localhost:1', 'painting=a:1', 'a:b', ''])('refuse %j', (endpoint) => {
    expect(() => resolveAddresses({ endpoints: [endpoint], env, stack })).toThrow('expected HOST:PORT');
  });
});
