import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { Job } from '../../gen/cyclorama/job/v1/job.ts';
import { analysisOperation } from '../../services/analysis/tasks.ts';
import { closeDataset } from '../../services/kernel/dataset/close.ts';
import { toDatasetPlaces } from '../../services/kernel/dataset/places.ts';
import { createSyntheticStore } from './synthetic-store.ts';

// This closes one dataset in a process of its own: `close-process.ts ROWS DELAY_MS FOLDER`; it prints its cost as JSON.
const [rows, delayMs, folder] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]!];
const outputUri = 's3://models/';
const scratch = join(folder, 'scratch');
await mkdir(scratch, { recursive: true });
const { store } = createSyntheticStore(toDatasetPlaces(outputUri), rows, folder, delayMs);
globalThis.gc?.();
const before = process.memoryUsage.rss();
let peak = before;
const sampling = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const start = performance.now();
const job = Job.fromPartial({
  jobId: 'bench',
  operation: 'analysis',
  outputUri,
  source: { source: { $case: 'prefix', value: { prefixUri: outputUri } } },
  counts: { total: BigInt(rows), succeeded: BigInt(rows) },
  startTime: new Date(Date.now() - 60_000),
});
const closing = await closeDataset(
  {
    store,
    operation: analysisOperation,
    version: 'bench',
    folder: scratch,
    readJob: async () => job,
    log: pino({ level: 'silent' }),
  },
  { outputUri, outputsBesideAssets: false },
  new AbortController().signal,
);
const seconds = (performance.now() - start) / 1000;
clearInterval(sampling);
const sizeOf = async (name: string): Promise<number> => (await stat(join(folder, name))).size;
const [indexBytes, parquetBytes] = [await sizeOf('index.jsonl'), await sizeOf('index.parquet')];
await rm(scratch, { recursive: true });
console.log(JSON.stringify({ ...closing, seconds, startBytes: before, peakBytes: peak, indexBytes, parquetBytes }));
