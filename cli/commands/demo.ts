import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { action, type CommandContext, type ServerOptions } from '../connect/command-run.ts';
import { type Connection, connect } from '../connect/connection.ts';
import { type LocalFile, listFiles } from '../files/folder.ts';
import { putFiles } from '../files/transfer.ts';
import { ROOT } from '../stack/data-dir.ts';
import { readStack } from '../stack/endpoints.ts';
import { describeTaken, freePortBase, portsFrom } from '../stack/ports.ts';
import { SERVICES } from '../stack/services.ts';
import { type Stack, startStack } from '../stack/stack.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { countOf } from '../terminal/figures.ts';
import { nextSteps } from './demo-text.ts';
import { render } from './render.ts';
import { validate } from './validate.ts';

const BUCKET = 'samples';
const RENDERED = 'samples-rendered';
const SAMPLES = join(ROOT, 'samples');

/** Adds `cyclorama demo`, which is what `npm start` runs. */
export function register(program: Command): void {
  const command = program
    .command('demo')
    .description('run the whole pipeline over the sample assets: start the local stack, analyse, render, show, stop')
    .option('--data <dir>', 'folder for buckets, queue and logs (default: .cyclorama)')
    .action(action(demo));
  addExamples(command, [
    ['demo', 'what npm start runs'],
    ['demo --data /tmp/try', 'in a folder of its own'],
  ]);
}

async function demo(context: CommandContext, options: ServerOptions): Promise<number> {
  const { terminal, signal } = context;
  const startedMs = performance.now();
  const running = readStack(options.data);
  if (running !== undefined) terminal.note('using the local stack that runs already');
  const own = running === undefined ? await startOwnStack(context, options.data) : undefined;
  const endpoints = running ?? own!.stack.endpoints;
  // The demo uses this stack, so it ignores servers that the user's environment names.
  const connection = connect(
    {
      ...(options.data === undefined ? {} : { data: options.data }),
      endpoint: SERVICES.map(({ name }) => `${name}=${endpoints[name]}`),
    },
    {},
  );
  let code: number;
  let seconds: number;
  try {
    await uploadSamples(context, connection);
    const shown = { ...context, connection, stackEnds: own !== undefined };
    code = await validate(shown, {}, BUCKET, '');
    if (code === EXIT.ok && !signal.aborted) {
      terminal.print('');
      code = await render(shown, { output: `s3://${RENDERED}/` }, `s3://${BUCKET}/`);
    }
    seconds = (performance.now() - startedMs) / 1000;
  } finally {
    connection.close();
    if (own !== undefined) {
      terminal.note('stopping the local stack');
      await own.stack.stop();
    }
  }
  if (code !== EXIT.ok || signal.aborted) return code;
  const buckets = join(options.data ?? relative(process.cwd(), join(ROOT, '.cyclorama')), 'buckets');
  const [where, rendered] = [join(buckets, BUCKET), join(buckets, RENDERED)];
  const steps = {
    where,
    rendered,
    seconds,
    endpoints,
    running: own === undefined,
    portBase: own?.portBase,
    data: options.data,
  };
  for (const line of nextSteps(steps)) terminal.print(line);
  return EXIT.ok;
}

/** Starts a stack on the documented ports, or on other ports if one of them is taken. */
async function startOwnStack(
  { terminal, signal }: CommandContext,
  data: string | undefined,
): Promise<{ stack: Stack; portBase: number | undefined }> {
  const taken = await describeTaken(portsFrom());
  const portBase = taken.length === 0 ? undefined : await freePortBase();
  for (const line of taken) terminal.note(line);
  if (portBase !== undefined) terminal.note(`taking ports from ${portBase} instead`);
  const stack = await startStack({
    ...(data === undefined ? {} : { data }),
    ...(portBase === undefined ? {} : { portBase }),
    onMessage: (message) => terminal.note(message),
    signal,
  });
  return { stack, portBase };
}

async function uploadSamples({ terminal, signal }: CommandContext, connection: Connection): Promise<void> {
  const { store } = await connection.store();
  for (const bucket of [BUCKET, RENDERED]) await store.createBucket(bucket, signal);
  const counts = { copied: 0, unchanged: 0 };
  const listener = {
    onFile: ({ outcome }: { outcome: keyof typeof counts }) => {
      counts[outcome] += 1;
    },
    onRefused: (uri: string, why: string) => terminal.note(`refused: ${uri}: ${why}`),
  };
  await putFiles(store, sampleFiles(), { bucket: BUCKET, key: '' }, listener, signal);
  terminal.note(
    `samples in s3://${BUCKET}/: ${countOf(counts.copied, 'file')} sent, ${counts.unchanged} there already`,
  );
}

/** Lists the assets and the files that they refer to, without licences and README. */
async function* sampleFiles(): AsyncGenerator<LocalFile> {
  for await (const file of listFiles(SAMPLES)) {
    if (file.name !== 'README.md' && !file.name.startsWith('LICENSES/')) yield file;
  }
}
