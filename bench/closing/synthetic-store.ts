import { statSync } from 'node:fs';
import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AnalysisReport } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { TaskRecord } from '../../gen/cyclorama/job/v1/task.ts';
import type { CloseParts } from '../../services/kernel/dataset/close.ts';
import { shortHash, toAssetId } from '../../services/kernel/dataset/fingerprint.ts';
import { type DatasetPlaces, outcomeWord } from '../../services/kernel/dataset/places.ts';
import { pause } from '../../services/kernel/signal.ts';

const BUCKET = 's3://models';
const PAGE = 1000;

/**
 * A store with the records of so many made-up assets, made when they are read, and with files in a folder. Every
 * request takes `delayMs`.
 */
export function createSyntheticStore(
  places: DatasetPlaces,
  count: number,
  folder: string,
  delayMs: number,
): { store: CloseParts['store']; reads: () => number } {
  const ids = Array.from({ length: count }, (_, n): [string, number] => [toAssetId(uriOf(n)), n]);
  ids.sort(([a], [b]) => (a < b ? -1 : 1));
  const numbers = new Map(ids);
  const keys = ids.map(
    ([id, n]) => places.record({ assetId: id, fingerprint: id, outcome: outcomeWord(outcomeOf(n)) }).key,
  );
  const fileOf = (key: string): string => join(folder, key.replaceAll('/', '_'));
  let reads = 0;
  const store: CloseParts['store'] = {
    async list(_bucket, { prefix, continuationToken, maxKeys = PAGE }) {
      if (delayMs > 0) await pause(delayMs);
      const from = continuationToken ? Number(continuationToken) : firstAt(keys, prefix);
      const page = keys.slice(from, from + maxKeys).filter((key) => key.startsWith(prefix));
      const more = page.length === maxKeys && keys[from + maxKeys]?.startsWith(prefix);
      const objects = page.map((key) => ({ key, sizeBytes: 2000n, etag: key.slice(-20), lastModifyTime: undefined }));
      return { objects, nextToken: more ? String(from + maxKeys) : undefined };
    },
    async *listAll(bucket, prefix) {
      let continuationToken: string | undefined;
      do {
        const page = await store.list(bucket, { prefix, continuationToken });
        yield page.objects;
        continuationToken = page.nextToken;
      } while (continuationToken !== undefined);
    },
    async head({ key }) {
      const found = statSync(fileOf(key), { throwIfNoEntry: false });
      return found && { key, sizeBytes: BigInt(found.size), etag: String(found.mtimeMs), lastModifyTime: found.mtime };
    },
    async read({ key }) {
      if (delayMs > 0) await pause(delayMs);
      reads++;
      const id = key.slice(key.lastIndexOf('/') + 1).slice(0, 32);
      const record = recordOf(id, numbers.get(id)!);
      return { body: Buffer.from(`${JSON.stringify(TaskRecord.toJSON(record), undefined, 1)}\n`), etag: '' };
    },
    async download({ key }, path) {
      await copyFile(fileOf(key), path);
      return { sizeBytes: 0, etag: '', sha256: '' };
    },
    async write({ key }, content) {
      if (typeof content === 'object' && 'path' in content) await copyFile(content.path, fileOf(key));
      else await writeFile(fileOf(key), content);
      return { sizeBytes: 0, etag: '', sha256: '' };
    },
    async remove({ key }) {
      await rm(fileOf(key), { force: true });
    },
  };
  return { store, reads: () => reads };
}

function uriOf(n: number): string {
  return `${BUCKET}/scans/batch-${String(n % 97).padStart(3, '0')}/asset ${n}.glb`;
}

/** One asset in a hundred fails. */
function outcomeOf(n: number): Outcome {
  return n % 100 === 99 ? Outcome.OUTCOME_FAILED : Outcome.OUTCOME_SUCCEEDED;
}

function recordOf(id: string, n: number): TaskRecord {
  const failed = outcomeOf(n) === Outcome.OUTCOME_FAILED;
  const faces = BigInt(Math.floor(10 ** (1 + (n % 500) / 100)));
  const report = AnalysisReport.fromPartial({
    file: uriOf(n).slice(BUCKET.length + 1),
    vertices: faces / 2n,
    faces,
    triangles: faces,
    dimensions: { x: 1 + (n % 7), y: 2.5, z: 0.25 * (n % 11) },
    materialNames: ['Wood', `Metal ${n % 13}`],
    stats: {},
  });
  return TaskRecord.fromPartial({
    result: {
      jobId: shortHash('job'),
      taskId: id,
      asset: { uri: uriOf(n), sizeBytes: faces * 40n, etag: id, lastModifyTime: new Date(0) },
      outcome: outcomeOf(n),
      failure: failed
        ? {
            reason: n % 200 === 99 ? 'import_failed' : 'no_geometry',
            message: `asset ${n} has no mesh`,
            stage: 'verify',
          }
        : undefined,
      outputs: [{ uri: uriOf(n).replace('.glb', '_report.json'), sizeBytes: 400n, etag: id, sha256: id + id }],
      recordUri: `${BUCKET}/_cyclorama/records/${id}`,
      detail: { faces: Number(faces) },
      stageSeconds: { wait: 0.2, download: 0.01 * (n % 9), import: 0.05, inspect: 0.01, verify: 0.001, upload: 0.02 },
      workerId: `worker-${n % 8}`,
      attempt: 1,
      endTime: new Date(1_700_000_000_000 + n * 50),
    },
    fingerprint: id,
    operation: 'analysis',
    spec: {},
    recipe: 1,
    versions: { cyclorama: '0.1.0', blender: '4.5.15', python: '3.11' },
    sandbox: 'bubblewrap',
    traceId: id,
    device: 'CPU',
    report: failed ? undefined : (AnalysisReport.toJSON(report) as { [field: string]: unknown }),
  });
}

/** Where keys from a prefix on begin, by halving. */
function firstAt(keys: string[], prefix: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  return low;
}
