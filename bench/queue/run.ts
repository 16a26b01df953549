import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePortBase } from '../../cli/stack/ports.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import { meterProcess, type Usage } from '../machine.ts';
import { PartProcess } from './part-process.ts';
import { BUCKET, type RunSettings, type Stamps } from './setting.ts';

/** The contestants: our kernel, and a peer that handles one message at a time. */
export type Contestant = 'cyclorama' | 'one by one';

const PARTS: Record<Contestant, { name: string; file: string }[]> = {
  cyclorama: [
    { name: 'worker', file: 'work-process.ts' },
    { name: 'driver', file: 'drive-process.ts' },
  ],
  'one by one': [
    { name: 'worker', file: 'peer-consume-process.ts' },
    { name: 'driver', file: 'peer-publish-process.ts' },
  ],
};

/** The times and usage of one run. */
export interface RunOutcome {
  stamps: Required<Stamps>;
  startMs: number;
  /** When the job ended: every result is folded into its counts by then. */
  endMs: number;
  /** The usage by process: driver, worker, nats, s3. */
  usage: Map<string, Usage>;
}

/** Runs one contestant on servers and processes of its own. */
export async function runOnce(
  contestant: Contestant,
  { tasks, store, slots }: Pick<RunSettings, 'tasks' | 'store' | 'slots'>,
): Promise<RunOutcome> {
  const data = await mkdtemp(join(tmpdir(), 'cyclorama-bench-'));
  const stack = await startStack({ data, portBase: await freePortBase(), parts: ['nats', 's3'] });
  const parts: PartProcess[] = [];
  try {
    await createBucket(stack);
    const env = toEnvironment(stack);
    const settings: RunSettings = {
      tasks,
      store,
      slots,
      outputUri: `s3://${BUCKET}/output/`,
      natsUrl: stack.endpoints.nats,
    };
    for (const { name, file } of PARTS[contestant]) parts.push(await PartProcess.start(name, file, settings, env));
    const meters = [
      ...['nats', 's3'].map((name) => ({ name, read: meterProcess(stack.pid(name)!) })),
      ...parts.map(({ name, pid }) => ({ name, read: meterProcess(pid) })),
    ];
    const done = await Promise.all(parts.filter(({ runs }) => runs).map((part) => part.order('run')));
    const usage = new Map(meters.map(({ name, read }) => [name, read()]));
    const closed = await Promise.all(parts.map((part) => part.order('close')));
    const stamps = Object.assign({}, ...[...done, ...closed].map((told) => told.stamps)) as Required<Stamps>;
    const startMs = Math.min(...done.map((told) => told.startMs!));
    return { stamps, usage, startMs, endMs: Math.max(...done.map((told) => told.endMs!)) };
  } finally {
    for (const part of parts) part.end();
    await stack.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** Returns the environment in which our processes reach the stack's store. */
function toEnvironment({ endpoints: { s3 } }: Stack): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CYCLORAMA_S3_ENDPOINT: s3.endpoint,
    CYCLORAMA_S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_REGION: s3.region,
  };
}

async function createBucket({ endpoints: { s3 } }: Stack): Promise<void> {
  const { endpoint, region, ...key } = s3;
  const config = { endpoint, region, forcePathStyle: true, checksums: 'when_supported' as const };
  const store = createObjectStore({ s3: config, allowedBuckets: undefined }, createMetrics('bench'), key);
  await store.createBucket(BUCKET);
  store.close();
}
