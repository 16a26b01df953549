import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Outcome } from '../../../../gen/cyclorama/asset/v1/asset.ts';
import { Job } from '../../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../../../gen/cyclorama/job/v1/task.ts';
import { MemoryStore } from '../../../../test/support/memory/store.ts';
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts';
import { toS3Uri } from '../../uri.ts';
import { closeDataset } from '../close.ts';
import { toAssetId } from '../fingerprint.ts';
import { outcomeWord, toDatasetPlaces } from '../places.ts';

const OUTPUT = 's3://bucket/out/';
const PLACES = toDatasetPlaces(OUTPUT);
const folder = temporaryFolder();

function record(store: MemoryStore, n: number, outcome: Outcome = Outcome.OUTCOME_SUCCEEDED): void {
  const uri = `s3://assets/models/${n}.glb`;
  const assetId = toAssetId(uri);
  const failed = outcome === Outcome.OUTCOME_FAILED;
  const outputs = failed ? [] : [`${OUTPUT}${n}/render_textured.png`, toS3Uri(PLACES.thumbnail(assetId))];
  const failure = { reason: 'blank_render', message: 'nothing is to be seen', logTail: ['line <1>', 'line 2'] };
  const message = TaskRecord.fromPartial({
    result: {
      taskId: assetId,
      asset: { uri, sizeBytes: 5n },
      outcome,
      outputs: outputs.map((each) => ({ uri: each })),
      failure: failed ? failure : undefined,
    },
    report: failed ? undefined : { coverage: 0.25 },
  });
  const { bucket, key } = PLACES.record({ assetId, fingerprint: 'f'.repeat(32), outcome: outcomeWord(outcome) });
  store.objects.set(`${bucket}/${key}`, {
    body: Buffer.from(JSON.stringify(TaskRecord.toJSON(message))),
    etag: `${n}`,
  });
}

async function close(store: MemoryStore) {
  const scratch = join(folder(), 'scratch');
  mkdirSync(scratch, { recursive: true });
  const operation = {
    recipe: 1,
    approach: 'Looked at.',
    toStats: (report: object) => ({ ...report }),
    figures: [{ field: 'coverage', title: 'Coverage', unit: 'share' as const }],
    sheet: { tiles: () => ['textured'] },
  };
  const job = Job.fromPartial({ jobId: 'job', operation: 'look', outputUri: OUTPUT, source: {} });
  const parts = {
    store,
    operation,
    version: '1',
    folder: scratch,
    readJob: async () => job,
    log: pino({ enabled: false }),
  };
  return closeDataset(parts, { outputUri: OUTPUT, outputsBesideAssets: false }, new AbortController().signal);
}

const text = (store: MemoryStore, key: string): string =>
  store.objects.get(`bucket/out/${key}`)?.body.toString('utf8') ?? '';
const pages = (store: MemoryStore): string[] =>
  [...store.objects.keys()].filter((key) => key.includes('/sheet/')).map((key) => key.split('/').at(-1)!);

test('closing a dataset with thumbnails writes its contact sheet, with the log of failures alone, and a report of its figures', async () => {
  const store = new MemoryStore();
  for (let n = 0; n < 700; n++) record(store, n);
  record(store, 700, Outcome.OUTCOME_FAILED);
  expect(await close(store)).toMatchObject({ rows: 701 });
  expect(pages(store).toSorted()).toEqual(['names-00000.js', 'rows-00000.js', 'rows-00001.js']);
  const page = text(store, 'index.html');
  expect(page).toContain('<title>bucket/out/: contact sheet</title>');
  expect(page).not.toContain('<!-- ');
  const log = ['rows-00000.js', 'rows-00001.js'].map((name) => text(store, `_cyclorama/sheet/${name}`)).join('');
  expect(log.match(/"log":\["line \\u003c1\\u003e","line 2"\]/g)).toHaveLength(1);
  const report = text(store, 'report.md');
  expect(report).toContain('701 assets, 3.5 kB, 700 images');
  expect(report).toMatch(/## Coverage\n\nMedian 25\.\d %, least 25\.0 %, largest 25\.0 %\./);
  expect(report).toContain(' 20 to 30 %  700  ');
});

test('pages that a smaller dataset has no use for go away, and those that stay are of one closing', async () => {
  const store = new MemoryStore();
  for (let n = 0; n < 700; n++) record(store, n);
  await close(store);
  const kept = new Set(Array.from({ length: 10 }, (_, n) => toAssetId(`s3://assets/models/${n}.glb`)));
  for (const key of store.objects.keys()) {
    const id = /records\/\w+\/([0-9a-f]{32})/.exec(key)?.[1];
    if (id !== undefined && !kept.has(id)) store.objects.delete(key);
  }
  await close(store);
  expect(pages(store).toSorted()).toEqual(['names-00000.js', 'rows-00000.js']);
  const stamp = /"stamp":"([^"]+)"/.exec(text(store, 'index.html'))![1]!;
  for (const name of pages(store)) expect(text(store, `_cyclorama/sheet/${name}`)).toContain(`,"${stamp}",`);
});

test('a page that another job wrote meanwhile makes closing begin again', async () => {
  const store = new MemoryStore();
  record(store, 1);
  let begun = 0;
  store.fault = (op, { key }) => {
    if (op !== 'write' || !key.endsWith('rows-00000.js') || begun++ > 0) return;
    record(store, 2);
    store.objects.set(`bucket/${key}`, { body: Buffer.from('theirs'), etag: 'theirs' });
  };
  expect(await close(store)).toMatchObject({ rows: 2 });
  expect(text(store, '_cyclorama/sheet/rows-00000.js')).not.toBe('theirs');
});
