import { expect, test } from 'vitest';
import type { BlenderLaunch } from './launch.ts';
import { type SandboxView, sandboxLaunch } from './sandbox.ts';

const launch: BlenderLaunch = {
  file: '/venv/bin/python',
  args: ['-m', 'serve'],
  env: { PATH: '/usr/bin', HOME: '/scratch/slot-0' },
  cwd: '/scratch/slot-0',
  sandboxed: false,
};
const view: SandboxView = {
  readOnly: ['/usr', '/venv'],
  links: [{ target: 'usr/lib', path: '/lib' }],
  devices: ['/dev/nvidia0'],
  writable: ['/scratch/slot-0'],
};

function joined(change: Partial<SandboxView> = {}): string {
  return sandboxLaunch(launch, { ...view, ...change }).args.join(' ');
}

test.each([
  ['nothing is shared with the host, the network included', '--unshare-all'],
  ['it dies with the worker', '--die-with-parent'],
  ['it has no terminal', '--new-session'],
  ['the worker environment stays outside', '--clearenv --setenv PATH /usr/bin --setenv HOME /scratch/slot-0'],
  ['what it reads is read-only', '--ro-bind /usr /usr --ro-bind /venv /venv'],
  ['links stay links', '--symlink usr/lib /lib'],
  ['a GPU comes with its devices', '--dev-bind-try /dev/nvidia0 /dev/nvidia0'],
  ['the slot is writable', '--bind /scratch/slot-0 /scratch/slot-0'],
  ['the command comes last', '--chdir /scratch/slot-0 -- /venv/bin/python -m serve'],
])('%s', (_, part) => {
  expect(joined()).toContain(part);
});

test('the empty /tmp comes before what is bound, which may lie in it', () => {
  const text = joined({ writable: ['/tmp/scratch'] });
  expect(text.indexOf('--tmpfs /tmp')).toBeLessThan(text.indexOf('--bind /tmp/scratch'));
});

test('bubblewrap itself gets no variable but PATH', () => {
  expect(sandboxLaunch(launch, view)).toMatchObject({ file: 'bwrap', env: { PATH: '/usr/bin' }, sandboxed: true });
});
