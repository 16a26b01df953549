import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, withOwnBin } from './setup/paths.mjs';

// This refuses protos that break clients of main. On a branch it compares them with the commit where the branch left
// main, and on main itself, as in CI, with the previous commit. It also checks protos that are not committed yet.

const base = findBase();
if (base === undefined) {
  console.log('proto:check: no earlier commit holds protos; nothing to compare with');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'cyclorama-protos-'));
  try {
    // Git has only our own module; the others come with npm packages.
    must('sh', ['-c', 'git archive "$1" protos | tar -x -C "$2"', 'sh', base, folder]);
    const breaking = run('buf', ['breaking', 'protos', '--against', join(folder, 'protos')], { stdio: 'inherit' });
    process.exitCode = breaking.status ?? 1;
    const verdict = breaking.status === 0 ? 'no breaking change' : 'breaking changes';
    console.log(`proto:check: ${verdict} against ${git('log', '-1', '--format=%h %s', base)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findBase() {
  const head = git('rev-parse', 'HEAD');
  const main = ['origin/main', 'main'].map((name) => git('merge-base', 'HEAD', name)).find((commit) => commit);
  const candidate = main && main !== head ? main : git('rev-parse', '--verify', '--quiet', 'HEAD~1');
  return candidate && git('ls-tree', '--name-only', candidate, 'protos/') ? candidate : undefined;
}

function git(...args) {
  const { status, stdout } = run('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

function must(command, args) {
  const { status, stderr } = run(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
}

function run(command, args, options) {
  return spawnSync(command, args, { cwd: ROOT, env: withOwnBin(), ...options });
}
