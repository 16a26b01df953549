import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { pino } from 'pino';
import { createJobCalls, type JobCalls, within } from '../../../cli/connect/job-calls.ts';
import { followJob } from '../../../cli/job/follow.ts';
import { type Ports, portsFrom, SPAN } from '../../../cli/stack/ports.ts';
import { type Stack, type StackOptions, startStack } from '../../../cli/stack/stack.ts';
import {
  AnalysisServiceClient,
  AnalyzeAssetRequest,
  type AnalyzeAssetResponse,
  type CreateAnalysisJobRequest,
} from '../../../gen/cyclorama/analysis/v1/analysis.ts';
import type { Job, TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobServiceClient } from '../../../gen/cyclorama/job/v1/job_service.ts';
import { JobEntry } from '../../../gen/cyclorama/job/v1/task.ts';
import { openBus } from '../../../services/kernel/bus/bus.ts';
import type { Bus } from '../../../services/kernel/bus/types.ts';
import { readConfig } from '../../../services/kernel/process/config.ts';
import { callUnary, createClient } from '../../../services/kernel/rpc/client.ts';
import { until } from '../poll.ts';
import { filesBelow, processesOf, tasksInScratch } from './faults-leftovers.ts';
import { freeStackPorts } from './ports.ts';

/** A short time without a sign of life, after which NATS redelivers a message, so that tests need not wait long. */
const ACK_WAIT_MS = 3_000;
const CALL_MS = 20_000;

type Environment = Record<string, string>;

/** A local stack whose parts tests may kill, with clients of its API. Only the test restarts a part. */
export class FaultStack {
  readonly data: string;
  readonly stack: Stack;
  readonly jobs: JobCalls;
  readonly bus: Bus;
  readonly #analysis: AnalysisServiceClient[];
  readonly #jobClient: JobServiceClient;

  private constructor(stack: Stack, data: string, bus: Bus, replicas: number) {
    this.stack = stack;
    this.data = data;
    this.bus = bus;
    const [host, port] = stack.endpoints.analysis.split(':');
    this.#analysis = Array.from({ length: replicas }, (_, i) =>
      createClient(AnalysisServiceClient, `${host}:${Number(port) + i * SPAN}`),
    );
    this.#jobClient = createClient(JobServiceClient, stack.endpoints.analysis);
    this.jobs = createJobCalls(this.#jobClient);
  }

  /** Starts a stack. `environment` makes extra variables of services and workers from the data folder and the ports. */
  static async create(
    replicas: NonNullable<StackOptions['replicas']> = {},
    environment: (data: string, ports: Ports) => Environment | Promise<Environment> = () => ({}),
  ): Promise<FaultStack> {
    const data = mkdtempSync(join(tmpdir(), 'cyclorama-faults-'));
    const portBase = await freeStackPorts(1);
    const stack = await startStack({
      data,
      portBase,
      autoRestart: false,
      replicas,
      env: { CYCLORAMA_ACK_WAIT_MS: String(ACK_WAIT_MS), ...(await environment(data, portsFrom(portBase))) },
    });
    const { nats } = readConfig({ CYCLORAMA_NATS_URL: stack.endpoints.nats }, { grpcPort: 0, httpPort: 0 });
    const bus = await openBus(
      { ...nats, ackWaitMs: ACK_WAIT_MS },
      { name: 'test', queues: [] },
      pino({ level: 'silent' }),
    );
    return new FaultStack(stack, data, bus, replicas.analysis ?? 1);
  }

  /** Starts parts that were killed or stopped, and waits until calls reach them. */
  async restart(...names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.stack.restart(name)));
    await Promise.all([...this.#analysis, this.#jobClient].map(untilReached));
  }

  /** Returns the folder of a bucket. */
  bucket(name: string): string {
    return join(this.stack.dir.buckets, name);
  }

  /** Writes assets into a bucket as files, by key. */
  fill(bucket: string, assets: Record<string, Buffer>): void {
    mkdirSync(this.bucket(bucket), { recursive: true });
    for (const [key, content] of Object.entries(assets)) {
      const path = join(this.bucket(bucket), key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }

  /** Creates a job that analyses a whole bucket and writes reports beside the assets. */
  async analyse(bucket: string, requestId = bucket, replica = 0): Promise<Job> {
    const source = { source: { $case: 'prefix', value: { prefixUri: `s3://${bucket}/`, suffixes: [], limit: 0n } } };
    const request = {
      source,
      spec: undefined,
      outputUri: '',
      requestId,
      replace: false,
      dryRun: false,
    } as CreateAnalysisJobRequest;
    const limits = { deadlineMs: Date.now() + CALL_MS };
    const client = this.#analysis[replica]!;
    return (await callUnary(client, client.createAnalysisJob, request, limits)).job!;
  }

  /** Analyses one asset in a call, which answers when it is done and writes nothing. */
  async analyseNow(uri: string, requestId: string, replica = 0): Promise<AnalyzeAssetResponse> {
    const request = AnalyzeAssetRequest.fromPartial({ uri, requestId });
    const client = this.#analysis[replica]!;
    return callUnary(client, client.analyzeAsset, request, { deadlineMs: Date.now() + 3 * CALL_MS });
  }

  /** Follows a job to its end; if it takes longer than `limitMs`, throws with the last warnings of the parts. */
  async ended(jobId: string, limitMs: number): Promise<Job> {
    try {
      return await followJob(this.jobs, jobId, {}, AbortSignal.timeout(limitMs));
    } catch (cause) {
      throw new Error(`job '${jobId}' did not end within ${limitMs} ms\n${this.warnings().slice(-40).join('\n')}`, {
        cause,
      });
    }
  }

  /** Returns all results of an ended job. */
  async results(jobId: string): Promise<TaskResult[]> {
    const results: TaskResult[] = [];
    let pageToken = '';
    do {
      const request = { jobId, outcomes: [], pageSize: 1000, pageToken, includeLog: false };
      const page = await this.jobs.results(request, AbortSignal.timeout(CALL_MS));
      results.push(...page.results);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return results;
  }

  /** Returns the entry of a job, which its driver keeps. */
  async entry(jobId: string): Promise<JobEntry> {
    return JobEntry.fromJSON(JSON.parse((await this.bus.bucket('jobs').get(jobId))!.value));
  }

  /** Waits for the worker that has given an asset to Blender and returns its name: `worker`, `worker-2`... */
  async workerHolding(asset: Buffer): Promise<string> {
    let holder: string | undefined;
    const { scratch } = this.stack.dir;
    const holds = (file: string): boolean => /\/slot-\d+\/in\//.test(file) && sameContent(join(scratch, file), asset);
    await until(
      'a worker holds the asset',
      () => {
        holder = filesBelow(scratch).find(holds)?.split('/')[0];
        return holder !== undefined;
      },
      30_000,
    );
    return holder!;
  }

  async resume(outputUri: string): Promise<Job[]> {
    const { signal, deadlineMs } = within(AbortSignal.timeout(CALL_MS));
    return (await callUnary(this.#jobClient, this.#jobClient.resumeJobs, { outputUri }, { signal, deadlineMs })).jobs;
  }

  /** Lists the files of the records in a bucket. */
  records(bucket: string): string[] {
    return filesBelow(join(this.bucket(bucket), '_cyclorama/records'));
  }

  async untilRecords(bucket: string, count: number, ms = 60_000): Promise<void> {
    await until(`${count} records in '${bucket}'`, () => this.records(bucket).length >= count, ms);
  }

  /** Counts the messages of a stream. */
  async messages(stream: string): Promise<number> {
    const answer = await fetch(`${this.stack.endpoints.natsMonitor}/jsz?streams=1`);
    const { account_details } = (await answer.json()) as {
      account_details: { stream_detail: { name: string; state: { messages: number } }[] }[];
    };
    return account_details[0]!.stream_detail.find(({ name }) => name === stream)!.state.messages;
  }

  /** Waits until no queue holds a message and no attempt has files in scratch. */
  async untilQuiet(): Promise<void> {
    const isQuiet = async () =>
      (await this.messages('TASKS')) + (await this.messages('JOBS')) + tasksInScratch(this.stack.dir.scratch).length ===
      0;
    await until('the queues and scratch are empty', isQuiet);
  }

  /** Parses the log lines of our own programs. */
  logLines(): { part: string; level: number; msg: string; [field: string]: unknown }[] {
    return readdirSync(this.stack.dir.logs).flatMap((file) =>
      readFileSync(join(this.stack.dir.logs, file), 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => ({ part: file.replace('.log', ''), ...JSON.parse(line) })),
    );
  }

  /** Returns the warnings and errors of our programs, in order. */
  warnings(): string[] {
    const lines = this.logLines().filter(({ level }) => Number(level) >= 40);
    return lines.sort((a, b) => (String(a.time) < String(b.time) ? -1 : 1)).map((line) => JSON.stringify(line));
  }

  /** Ends the stack; throws if a process or a scratch file is left. */
  async stop(): Promise<void> {
    for (const client of [...this.#analysis, this.#jobClient]) client.close();
    await this.bus.close();
    await this.stack.stop();
    await until('no process of the stack is left', () => processesOf(this.data).length === 0);
    const left = filesBelow(this.stack.dir.scratch);
    if (left.length > 0) throw new Error(`left in scratch: ${left.join(', ')}`);
  }

  /** Ends the stack and removes its folder. */
  async close(): Promise<void> {
    try {
      await this.stop();
    } finally {
      if (process.env.KEEP) console.log(this.data);
      else rmSync(this.data, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

function sameContent(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    // The file was removed between listing and reading.
    return false;
  }
}

/** Waits until a client reaches its server. After a failure it waits before it reconnects, and calls fail meanwhile. */
function untilReached(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + CALL_MS, (error) => (error ? reject(error) : resolve()));
  });
}
