import { type Command, InvalidArgumentError } from 'commander';
import { dataDir } from '../stack/data-dir.ts';
import { describeEndpoints } from '../stack/describe.ts';
import { startDetached } from '../stack/detach.ts';
import { readStack, type StackEndpoints } from '../stack/endpoints.ts';
import { readHolder } from '../stack/holder.ts';
import { SPAN } from '../stack/ports.ts';
import { startStack } from '../stack/stack.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';

interface UpOptions {
  data?: string;
  portBase?: number;
  remoteStore?: boolean;
  detach?: boolean;
  json?: boolean;
}

/** Adds `cyclorama up`. */
export function register(program: Command): void {
  const command = program
    .command('up')
    .description('run the local stack: NATS, S3 over a folder, the services and one worker')
    .option('--data <dir>', 'folder for buckets, queue and logs (default: .cyclorama)')
    .option('--port-base <port>', 'move every port, to start here', parsePortBase)
    .option('--remote-store', 'use the store that AWS_* and CYCLORAMA_S3_* name, AWS S3 by default, and run none')
    .option('--detach', 'return when everything is ready, and leave it running')
    .option('--json', 'print the endpoints as JSON')
    .action(up);
  addExamples(command, [
    ['up --detach', 'start everything and leave it running'],
    ['up --data /tmp/try --port-base 31000', 'a second stack beside the first'],
  ]);
}

async function up(options: UpOptions): Promise<void> {
  const { data, portBase, remoteStore = false, json = false } = options;
  const stackOptions = {
    ...(data === undefined ? {} : { data }),
    ...(portBase === undefined ? {} : { portBase }),
    remoteStore,
  };
  const holder = readHolder(dataDir(data));
  if (holder) {
    console.error(`the stack on '${dataDir(data).root}' is running already (process ${holder.pid})`);
    const endpoints = readStack(data);
    if (endpoints) print(endpoints, data, json);
    if (!options.detach) process.exitCode = EXIT.failed;
    return;
  }
  const onMessage = (message: string): void => console.error(message);
  if (options.detach) {
    await startDetached(stackOptions, onMessage);
    print(readStack(data) as StackEndpoints, data, json);
    return;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error('interrupted')));
  }
  const stack = await startStack({ ...stackOptions, onMessage, signal: interrupted.signal });
  print(stack.endpoints, data, json);
  console.error('ready; Ctrl-C ends it');
  await untilAborted(interrupted.signal);
  console.error('stopping');
  await stack.stop();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function print(endpoints: StackEndpoints, data: string | undefined, json: boolean): void {
  console.log(json ? JSON.stringify(endpoints, null, 2) : describeEndpoints(endpoints, dataDir(data)));
}

function parsePortBase(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port + SPAN <= 65_535) return port;
  throw new InvalidArgumentError(`expected a whole number from 1024 to ${65_535 - SPAN}`);
}
