import { expect, test } from 'vitest';
import { missingPackages } from './npm-packages.mjs';

const linux = { platform: 'linux', arch: 'x64' };
const lock = (packages) => ({ packages });

test.each([
  ['nothing, when every package is there', { version: '1.0.0' }, { version: '1.0.0' }, []],
  ['a package that is not there', { version: '1.0.0' }, undefined, ['a@1.0.0']],
  ['a package of another version', { version: '1.0.1' }, { version: '1.0.0' }, ['a@1.0.1']],
  [
    'a package of another content',
    { version: '1.0.0', integrity: 'sha512-x' },
    { version: '1.0.0', integrity: 'sha512-y' },
    ['a@1.0.0'],
  ],
  [
    'an optional package of this platform',
    { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'] },
    undefined,
    ['a@1.0.0'],
  ],
  ['nothing for another platform', { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64'] }, undefined, []],
  ['nothing for another C library', { version: '1.0.0', optional: true, os: ['linux'], libc: ['musl'] }, undefined, []],
  ['nothing where this platform is excluded', { version: '1.0.0', optional: true, os: ['!linux'] }, undefined, []],
  ['what is only excluded elsewhere', { version: '1.0.0', optional: true, os: ['!win32'] }, undefined, ['a@1.0.0']],
  [
    'an optional package whose platform is a plain string',
    { version: '1.0.0', optional: true, os: 'linux' },
    undefined,
    ['a@1.0.0'],
  ],
])('names %s', (_, wanted, found, missing) => {
  const installed = found ? { 'node_modules/a': found } : {};
  expect(missingPackages(lock({ '': {}, 'node_modules/a': wanted }), lock(installed), linux)).toEqual(missing);
});

test('names a nested scoped package without the folders it stands in', () => {
  const wanted = lock({ 'node_modules/b/node_modules/@s/a': { version: '2.0.0' } });
  expect(missingPackages(wanted, lock({}), linux)).toEqual(['@s/a@2.0.0']);
});
