import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, contentKey } from './setup/cache.mjs';
import { withLock } from './setup/lock.mjs';
import { installNpmPackages } from './setup/npm-packages.mjs';
import { ROOT } from './setup/paths.mjs';
import { killRunning } from './setup/process.mjs';
import { Progress } from './setup/progress.mjs';
import { generateProtos } from './setup/protos.mjs';
import { installRuntimePython, installTestPython } from './setup/python-env.mjs';
import { installNatsServer, installVersitygw } from './setup/servers.mjs';
import { installBubblewrap, installLibraries, missingLibraries } from './setup/system-libraries.mjs';
import { SYSTEM_TOOLS } from './setup/system-tools.mjs';
import { TOOLS_FILE } from './tools.mjs';

// This script prepares a fresh clone: it installs npm packages, Python with bpy and servers, and generates code. It
// needs no package, because it runs before any is installed. A repeated run does nothing; after an interruption it
// continues.

const forTests = process.argv.includes('--test');
const forSystemTests = process.argv.includes('--system');
const progress = new Progress();

async function setUp() {
  const before = existsSync(TOOLS_FILE) ? JSON.parse(readFileSync(TOOLS_FILE, 'utf8')) : {};
  const settled = await Promise.allSettled([
    npmAndProtos(),
    pythonAndLibraries(before),
    progress.step('nats-server', installNatsServer),
    progress.step('S3 server (versitygw)', installVersitygw),
    forSystemTests ? systemTools() : {},
  ]);
  const failures = settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  if (failures.length > 0) throw new AggregateError(failures);
  const [, python, natsServer, versitygw, tools] = settled.map(({ value }) => value);
  const { bubblewrap, ...programs } = python;
  writeTools({ ...programs, natsServer, versitygw, bubblewrap, ...keepSystemTools(before), ...tools });
  linkCommand();
}

async function npmAndProtos() {
  await progress.step('npm packages', installNpmPackages);
  await progress.step('generated protos', generateProtos);
}

async function pythonAndLibraries(before) {
  const python = await progress.step('Python with bpy', installRuntimePython);
  await progress.step('system libraries', async (note) => {
    const missing = await missingLibraries(python);
    if (missing === undefined) throw new Error(`${python} does not run; remove its folder and run this again`);
    if (missing.length > 0) await installLibraries(missing, note);
  });
  const bubblewrap = before.bubblewrap ?? (await progress.step('bubblewrap (sandbox)', installBubblewrap));
  const tests = forTests ? await progress.step('Python for tests', (note) => installTestPython(python, note)) : {};
  return { python, bubblewrap, ...keepTests(before), ...tests };
}

/** Installs one tool after another, because on a small machine two builds at once take longer than their sum. */
async function systemTools() {
  const installed = {};
  for (const [name, { title, install }] of Object.entries(SYSTEM_TOOLS)) {
    installed[name] = await progress.step(title, install);
  }
  return installed;
}

function keepSystemTools(before) {
  const kept = Object.entries(before).filter(([name, path]) => name in SYSTEM_TOOLS && existsSync(path));
  return Object.fromEntries(kept);
}

/** Keeps the programs of an earlier set-up with --test if this one has no such option. */
function keepTests({ testPython, motoServer, weed }) {
  return testPython && existsSync(testPython) ? { testPython, motoServer, weed } : {};
}

function writeTools(tools) {
  const text = `${JSON.stringify(tools, null, 2)}\n`;
  if (existsSync(TOOLS_FILE) && readFileSync(TOOLS_FILE, 'utf8') === text) return;
  const partial = `${TOOLS_FILE}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, TOOLS_FILE);
}

/** Links the command, so that `npx cyclorama` finds it in this clone. */
function linkCommand() {
  const link = join(ROOT, 'node_modules/.bin/cyclorama');
  if (existsSync(link)) return;
  mkdirSync(join(ROOT, 'node_modules/.bin'), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync('../../cli/cyclorama.mjs', link);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    killRunning();
    progress.close();
    process.exit(130);
  });
}

try {
  const lock = join(cacheDir(), `clone-${contentKey(ROOT)}.lock`);
  await withLock(lock, setUp, {
    onWait: () => console.error('set-up: waiting for another set-up of this clone'),
  });
  progress.close();
} catch (error) {
  progress.close();
  for (const failure of error instanceof AggregateError ? error.errors : [error])
    console.error(`\nset-up failed: ${failure.message}`);
  console.error('\nFinished steps are kept. Fix the cause, then run the same command again.');
  process.exitCode = 1;
}
