#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingPackages } from '../scripts/setup/npm-packages.mjs';

// The `cyclorama` command. Runs on any Node from 20: the program itself needs Node 24, which runs TypeScript as it is,
// and comes with the npm packages.

const NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const toolsFile = join(root, 'node_modules/.cyclorama-tools.json');

/** Finds the interpreter for the program: the pinned one, else the running one if it is new enough. */
function findNode() {
  const pinned = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  const here = `${process.platform}-${process.arch}`;
  fail(
    `cyclorama needs Node ${NODE_MAJOR} or newer; this is ${process.version}, and no package carries one for ${here}`,
  );
}

/** Wraps the command so that it ends when this launcher is killed; needs the Python that set-up installed. */
function withParentDeath(command) {
  if (process.platform !== 'linux') return command;
  const { python } = readJson(toolsFile);
  const wrapper = join(root, 'services/kernel/process/parent_death.py');
  return [python, '-I', '-S', wrapper, String(process.pid), String(constants.signals.SIGTERM), ...command];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Stops with one sentence if packages, tools or generated code are missing or older than the lockfile. */
function requireSetUp() {
  const advice = 'run: node scripts/setup.mjs (npm start and npm test do it by themselves)';
  const installed = join(root, 'node_modules/.package-lock.json');
  if (![installed, toolsFile, join(root, 'gen/image.binpb')].every((file) => existsSync(file))) {
    fail(`this clone is not set up yet; ${advice}`);
  }
  const missing = missingPackages(readJson(join(root, 'package-lock.json')), readJson(installed));
  if (missing.length > 0)
    fail(`npm packages changed since the last set-up (${missing.slice(0, 3).join(', ')}); ${advice}`);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

requireSetUp();
const [command, ...args] = withParentDeath([findNode(), join(root, 'cli/main.ts'), ...process.argv.slice(2)]);
// Compiled code is kept beside the packages, where other users cannot write it; services of the stack use it as well.
const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/cyclorama');
const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, NODE_COMPILE_CACHE } });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to the program as well; handing it on would count twice.
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
}
child.on('error', (error) => fail(`${command}: ${error.message}`));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
