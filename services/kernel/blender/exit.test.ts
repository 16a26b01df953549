import { expect, test } from 'vitest';
import { type BlenderExit, classifyExit } from './exit.ts';

const GIGABYTE = 2 ** 30;
const exit: BlenderExit = {
  exitCode: undefined,
  signal: undefined,
  sandboxed: false,
  stage: 'import',
  rssBytes: GIGABYTE,
  memoryBytes: 8 * GIGABYTE,
  outOfMemoryKill: false,
  logTail: ['last words'],
};

test.each([
  ['a signal is a crash', { signal: 'SIGSEGV' }, 'blender_crash', { signal: 'SIGSEGV' }],
  ['an exit code is a crash', { exitCode: 7 }, 'blender_crash', { exitCode: 7 }],
  ['an orderly exit in mid-task is a crash', { exitCode: 0 }, 'blender_crash', { exitCode: 0 }],
  ['a sandbox reports a signal as a code', { exitCode: 139, sandboxed: true }, 'blender_crash', { signal: 'SIGSEGV' }],
  ['a plain exit code above 128 is no signal', { exitCode: 139 }, 'blender_crash', { exitCode: 139 }],
  ['SIGKILL far from the cap is a crash', { signal: 'SIGKILL' }, 'blender_crash', { signal: 'SIGKILL' }],
  ['SIGKILL near the cap is memory', { signal: 'SIGKILL', rssBytes: 7 * GIGABYTE }, 'blender_out_of_memory', {}],
  [
    'SIGKILL that the kernel counted is memory',
    { signal: 'SIGKILL', outOfMemoryKill: true },
    'blender_out_of_memory',
    {},
  ],
  [
    'inside a sandbox too, it is memory',
    { exitCode: 137, sandboxed: true, outOfMemoryKill: true },
    'blender_out_of_memory',
    {},
  ],
  ['SIGSEGV near the cap stays a crash', { signal: 'SIGSEGV', rssBytes: 7 * GIGABYTE }, 'blender_crash', {}],
])('%s', (_, change, reason, detail) => {
  const error = classifyExit({ ...exit, ...change });
  expect(error.reason).toBe(reason);
  expect(error.detail).toMatchObject({ stage: 'import', logTail: ['last words'], ...detail });
});
