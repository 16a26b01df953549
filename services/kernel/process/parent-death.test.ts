import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { until } from '../../../test/support/poll.ts';
import { withParentDeath } from './parent-death.ts';

const MODULE = fileURLToPath(new URL('./parent-death.ts', import.meta.url));

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

/** Starts a parent that starts `sleep` in a group of its own and prints its process id. */
async function startFamily(): Promise<{ parent: ReturnType<typeof spawn>; pid: number }> {
  const script = `
    import { spawn } from 'node:child_process';
    import { withParentDeath } from ${JSON.stringify(MODULE)};
    const [command, ...args] = withParentDeath(['sh', '-c', 'echo $$; exec sleep 60']);
    spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { parent, pid: Number(line.toString()) };
}

test('a wrapped command dies when its parent is killed by SIGKILL', async () => {
  const { parent, pid } = await startFamily();
  expect(isRunning(pid)).toBe(true);
  parent.kill('SIGKILL');
  await until('it is gone', () => !isRunning(pid));
});

test('a wrapped command never starts when its parent is gone already', async () => {
  const [command, ...args] = withParentDeath(['echo', 'started']) as [string, ...string[]];
  // The wrapper gets the id of an unrelated process as its parent.
  const child = spawn(command, args.with(3, '1'), { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect({ code, output }).toEqual({ code: 1, output: '' });
});

test('a wrapped command keeps its exit code, its arguments and its process id', async () => {
  const [command, ...args] = withParentDeath(['sh', '-c', 'echo "$$ $1"; exit 7', 'sh', 'a b']) as [
    string,
    ...string[],
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [code] = await once(child, 'close');
  expect({ line: line.toString(), code }).toEqual({ line: `${child.pid} a b\n`, code: 7 });
});
