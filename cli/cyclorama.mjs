#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The `cyclorama` command. Runs on any Node from 20: the program itself needs Node 24, which runs TypeScript as it is,
// and comes with the npm packages.

const NODE_MAJOR = 24;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The interpreter for the program: the pinned one, else ours when it is new enough. */
function findNode() {
  const pinned = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (existsSync(pinned)) return pinned;
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MAJOR) return process.execPath;
  fail(
    existsSync(join(root, 'node_modules'))
      ? `cyclorama needs Node ${NODE_MAJOR} or newer; this is ${process.version}, and no package carries one for ${process.platform}-${process.arch}`
      : 'this clone is not set up yet; run: node scripts/setup.mjs (npm start and npm test do it by themselves)',
  );
}

/** Wraps the command so that it ends when this launcher is killed; needs the Python that set-up installed. */
function withParentDeath(command) {
  const tools = join(root, 'node_modules/.cyclorama-tools.json');
  if (process.platform !== 'linux' || !existsSync(tools)) return command;
  const { python } = JSON.parse(readFileSync(tools, 'utf8'));
  const wrapper = join(root, 'services/kernel/parent_death.py');
  return [python, '-I', '-S', wrapper, String(process.pid), String(constants.signals.SIGTERM), ...command];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (!existsSync(join(root, 'node_modules/commander'))) {
  fail('this clone is not set up yet; run: node scripts/setup.mjs (npm start and npm test do it by themselves)');
}
const [command, ...args] = withParentDeath([findNode(), join(root, 'cli/main.ts'), ...process.argv.slice(2)]);
const child = spawn(command, args, { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to the program as well; handing it on would count twice.
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
}
child.on('error', (error) => fail(`${command}: ${error.message}`));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
