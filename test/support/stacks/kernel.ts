import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { AnalysisServiceClient } from '../../../gen/cyclorama/analysis/v1/analysis.ts';
import { Job, type TaskResult } from '../../../gen/cyclorama/job/v1/job.ts';
import { JobServiceClient, ListTaskResultsRequest } from '../../../gen/cyclorama/job/v1/job_service.ts';
import { analysisService } from '../../../services/analysis/handlers.ts';
import { analysisOperation } from '../../../services/analysis/tasks.ts';
import { createDiscoveryService } from '../../../services/discovery/handlers.ts';
import type { Bus } from '../../../services/kernel/bus/types.ts';
import { createJobs, type Jobs } from '../../../services/kernel/jobs/jobs.ts';
import { isEnded } from '../../../services/kernel/jobs/state.ts';
import { type Environment, readConfig } from '../../../services/kernel/process/config.ts';
import { createMetrics, type Metrics } from '../../../services/kernel/process/metrics.ts';
import { callUnary } from '../../../services/kernel/rpc/client.ts';
import { createOperationKernel, createServiceKernel } from '../../../services/kernel/service/kernel.ts';
import type { Platform, ProcessParts } from '../../../services/kernel/service/run-process.ts';
import type { ObjectStore } from '../../../services/kernel/store/types.ts';
import { createWorker } from '../../../services/kernel/work/worker.ts';
import { TestNats } from '../servers/nats.ts';
import { TestRpc } from '../servers/rpc.ts';
import type { S3Endpoint } from '../servers/s3-store.ts';

const FAKE_BLENDER = fileURLToPath(new URL('../blender/fake-inspector.mjs', import.meta.url));
/** The device of a worker whose python is `python-gpu`. */
export const FAKE_GPU = 'OPTIX: fake';
const JOB_MS = 60_000;

type Server = S3Endpoint & { close(): Promise<void> };

/** A worker of the stack with its metrics. */
export interface StackWorker {
  metrics: Metrics;
  stop(): Promise<void>;
}

/**
 * Discovery and analysis as in production, in this process, with a real NATS and S3 server. The workers' Blender is a
 * fake, which takes its counts from the JSON of a GLB.
 */
export class KernelStack {
  readonly nats: TestNats;
  readonly s3: Server;
  readonly store: ObjectStore;
  readonly bus: Bus;
  readonly jobs: Jobs;
  readonly discovery: TestRpc;
  readonly analysis: TestRpc;
  readonly client: AnalysisServiceClient;
  readonly jobClient: JobServiceClient;
  readonly #folder: string;
  readonly #analysisEnv: Environment;
  /** Parts of the services; the current driver is the first. */
  readonly #parts: ProcessParts[];
  readonly #workers = new Set<StackWorker>();
  #workersMade = 0;

  private constructor(made: Made) {
    ({ nats: this.nats, s3: this.s3, discovery: this.discovery, analysis: this.analysis } = made);
    ({ store: this.store, bus: this.bus } = made);
    // These jobs belong to the test, because those of a replica end with it.
    this.jobs = createJobs(made.bus, made.store);
    this.#folder = made.folder;
    this.#analysisEnv = made.analysisEnv;
    this.#parts = made.parts;
    this.client = made.analysis.client(AnalysisServiceClient);
    this.jobClient = made.analysis.client(JobServiceClient);
  }

  static async create(s3: Server, settings: Environment = {}): Promise<KernelStack> {
    const nats = await TestNats.create();
    const folder = await mkdtemp(join(tmpdir(), 'cyclorama-kernel-'));
    Object.assign(process.env, s3.environment);
    const env = { CYCLORAMA_NATS_URL: nats.url, CYCLORAMA_ACK_WAIT_MS: '5000', ...s3.environment, ...settings };
    const discoveryPlatform = platformOf('discovery', env);
    const discoveryKernel = await createServiceKernel(discoveryPlatform, 'discovery');
    const discoveryParts = discoveryKernel.toProcess(
      createDiscoveryService({ store: discoveryKernel.store, metrics: discoveryPlatform.metrics }),
    );
    const discovery = await TestRpc.create(discoveryParts.services!);
    const address = { CYCLORAMA_DISCOVERY_ADDRESS: discovery.address };
    const analysisEnv = { ...env, ...address };
    const kernel = await createOperationKernel(platformOf('analysis', analysisEnv), analysisOperation);
    const analysisParts = kernel.toProcess(analysisService(kernel));
    const analysis = await TestRpc.create(analysisParts.services!);
    const python = join(folder, 'python');
    await writeFile(python, `#!/bin/sh\nexec '${process.execPath}' '${FAKE_BLENDER}'\n`, { mode: 0o755 });
    await writeFile(`${python}-gpu`, `#!/bin/sh\nFAKE_GPU='${FAKE_GPU}' exec '${python}'\n`, { mode: 0o755 });
    const parts = [analysisParts, discoveryParts];
    const bus = await nats.openBus();
    return new KernelStack({ nats, s3, folder, discovery, analysis, analysisEnv, store: s3.openStore(), bus, parts });
  }

  /** Stops the replica of the analysis service that drives the jobs, and starts another one, which takes them over. */
  async handOver(): Promise<void> {
    await this.#parts[0]?.drain?.(10_000);
    const kernel = await createOperationKernel(platformOf('analysis', this.#analysisEnv), analysisOperation);
    this.#parts.unshift(kernel.toProcess(analysisService(kernel)));
  }

  /** Returns a path in the stack's folder, for files that the fake Blender looks for. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  async startWorker(settings: Environment = {}): Promise<StackWorker> {
    this.#workersMade += 1;
    const id = `worker-${this.#workersMade}`;
    const platform = platformOf('worker', {
      CYCLORAMA_NATS_URL: this.nats.url,
      CYCLORAMA_ACK_WAIT_MS: '5000',
      ...this.s3.environment,
      CYCLORAMA_WORKER_ID: id,
      CYCLORAMA_PYTHON: this.path('python'),
      CYCLORAMA_SANDBOX: 'off',
      CYCLORAMA_SCRATCH_DIR: this.path('scratch'),
      ...settings,
    });
    const parts = await createWorker(platform, [analysisOperation], '0.0.0');
    const worker = {
      metrics: platform.metrics,
      stop: async () => {
        if (!this.#workers.delete(worker)) return;
        await parts.drain?.(10_000);
        await parts.close?.();
      },
    };
    this.#workers.add(worker);
    return worker;
  }

  /** Puts objects into a bucket by key. */
  async fill(bucket: string, objects: Record<string, Buffer | string>): Promise<void> {
    const options = { condition: 'always', contentType: 'application/octet-stream' } as const;
    await Promise.all(
      Object.entries(objects).map(([key, content]) => this.store.write({ bucket, key }, content, options)),
    );
  }

  /** Waits for the end of a job. */
  async ended(jobId: string): Promise<Job> {
    return this.until(jobId, ({ state }) => isEnded(state));
  }

  /** Waits until a job is as wanted; fails if it ends in another state. */
  async until(jobId: string, wanted: (job: Job) => boolean): Promise<Job> {
    const signal = AbortSignal.timeout(JOB_MS);
    let last: Job | undefined;
    for await (const job of this.jobs.watch(jobId, signal)) {
      if (wanted(job)) return job;
      last = job;
    }
    const seen = JSON.stringify(last && Job.toJSON(last));
    throw new Error(`job '${jobId}' is not as wanted: ${seen}`);
  }

  /** Returns all results of an ended job by the key of the asset. */
  async results(jobId: string): Promise<Map<string, TaskResult>> {
    const results = new Map<string, TaskResult>();
    let pageToken = '';
    do {
      const request = ListTaskResultsRequest.fromPartial({ jobId, pageToken });
      const page = await callUnary(this.jobClient, this.jobClient.listTaskResults, request, soon());
      for (const result of page.results) results.set(result.asset!.uri.replace(/^s3:\/\/[^/]+\//, ''), result);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return results;
  }

  /** Lists the keys below a prefix. */
  async keys(bucket: string, prefix = ''): Promise<string[]> {
    return (await Array.fromAsync(this.store.listAll(bucket, prefix))).flat().map(({ key }) => key);
  }

  /** Parses the JSON of an object. */
  async json(bucket: string, key: string): Promise<Record<string, unknown>> {
    const found = await this.store.read({ bucket, key }, 1_000_000);
    return JSON.parse(found?.body.toString('utf8') ?? 'null');
  }

  async close(): Promise<void> {
    for (const worker of [...this.#workers]) await worker.stop();
    await Promise.all([this.analysis.close(), this.discovery.close()]);
    for (const parts of this.#parts) {
      await parts.drain?.(10_000);
      await parts.close?.();
    }
    this.store.close();
    await this.nats.close();
    await this.s3.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Made {
  nats: TestNats;
  s3: Server;
  folder: string;
  discovery: TestRpc;
  analysis: TestRpc;
  analysisEnv: Environment;
  store: ObjectStore;
  bus: Bus;
  parts: ProcessParts[];
}

/** Makes the limits of a call that should be quick. */
export function soon(): { deadlineMs: number } {
  return { deadlineMs: Date.now() + 30_000 };
}

function platformOf(name: string, env: Environment): Platform {
  const config = readConfig(env, { grpcPort: 0, httpPort: 0 });
  return {
    config,
    log: pino({ level: process.env.CYCLORAMA_TEST_LOG ?? 'silent', name }),
    metrics: createMetrics(name),
  };
}
