import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../cli/connect/connection.ts';
import { followJob } from '../../cli/job/follow.ts';
import { freePortBase } from '../../cli/stack/ports.ts';
import { type Stack, startStack } from '../../cli/stack/stack.ts';
import { AnalysisServiceClient, CreateAnalysisJobRequest } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { callUnary } from '../../services/kernel/rpc/client.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { markdownTable, spread } from '../figures.ts';
import type { AssetFile } from './files.ts';

const BUCKET = 'bench';
const CALL_MS = 60_000;
const { signal } = new AbortController();

/** One job through the whole service. */
interface JobRun {
  assets: number;
  seconds: number;
  /** The seconds in which the one Blender worked. */
  busySeconds: number;
  reused: number;
}

/** Runs jobs of several sizes through the local stack, each `rounds` times into a new place; returns a report. */
export async function timeService(files: AssetFile[], sizes: number[], rounds: number): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'cyclorama-bench-'));
  const stack = await startStack({ data, portBase: await freePortBase() });
  const { discovery, analysis } = stack.endpoints;
  const connection = connect({ data, endpoint: [`discovery=${discovery}`, `analysis=${analysis}`] }, {});
  try {
    const { store } = await connection.store();
    await upload(store, files, Math.max(...sizes));
    const runs: JobRun[] = [];
    const runJob = await createRunner(stack, connection);
    await runJob(sizes[0]!, 'warm-up');
    for (let round = 0; round < rounds; round++) {
      for (const size of sizes) runs.push(await runJob(size, `${size}-${round}`));
    }
    for (const size of sizes) runs.push(await runJob(size, `${size}-0`));
    return report(runs);
  } finally {
    connection.close();
    await stack.stop();
    await rm(data, { recursive: true, force: true });
  }
}

async function createRunner(
  { endpoints }: Stack,
  connection: ReturnType<typeof connect>,
): Promise<(assets: number, place: string) => Promise<JobRun>> {
  const client = await connection.client(AnalysisServiceClient, 'analysis');
  const jobs = await connection.jobs();
  return async (assets, place) => {
    const request = CreateAnalysisJobRequest.fromPartial({
      source: {
        source: {
          $case: 'prefix',
          value: { prefixUri: `s3://${BUCKET}/assets/`, suffixes: ['.glb'], limit: BigInt(assets) },
        },
      },
      outputUri: `s3://${BUCKET}/${place}/`,
    });
    const busyBefore = await readBusySeconds(endpoints.http.worker!);
    const start = performance.now();
    const limits = { deadlineMs: Date.now() + CALL_MS, signal };
    const { job } = await callUnary(client, client.createAnalysisJob, request, limits);
    const ended = await followJob(jobs, job!.jobId, {}, signal);
    const seconds = (performance.now() - start) / 1000;
    if (ended.counts?.total !== BigInt(assets))
      throw new Error(`job '${job!.jobId}' counts ${ended.counts?.total} assets; expected ${assets}`);
    const busySeconds = (await readBusySeconds(endpoints.http.worker!)) - busyBefore;
    return { assets, seconds, busySeconds, reused: Number(ended.counts.reused) };
  };
}

async function upload(store: ObjectStore, files: AssetFile[], count: number): Promise<void> {
  await store.createBucket(BUCKET, signal);
  for (let number = 0; number < count; number++) {
    const key = `assets/${String(number).padStart(6, '0')}.glb`;
    const options = { condition: 'always' as const, contentType: 'model/gltf-binary' };
    await store.write({ bucket: BUCKET, key }, { path: files[number % files.length]!.path }, options, signal);
  }
}

async function readBusySeconds(worker: string): Promise<number> {
  const text = await (await fetch(`${worker}/metrics`)).text();
  return Number(/^cyclorama_blender_busy_seconds_total\{[^}]*\} (\S+)$/m.exec(text)?.[1] ?? 0);
}

function report(runs: JobRun[]): string {
  const groups = Map.groupBy(runs, ({ assets, reused }) => `${assets} assets, ${reused > 0 ? 'done before' : 'new'}`);
  const rows = [...groups].map(([what, group]) => [
    what,
    spread(
      group.map(({ seconds }) => seconds),
      2,
    ),
    spread(
      group.map(({ assets, seconds }) => assets / seconds),
      1,
    ),
    spread(group.map(({ assets, busySeconds }) => (busySeconds / assets) * 1000)),
    spread(group.map(({ seconds, busySeconds }) => (busySeconds / seconds) * 100)),
  ]);
  return markdownTable([['job', 'seconds', 'assets/s', 'Blender, ms an asset', 'Blender busy, %'], ...rows]);
}
