import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimDataset } from '../../services/kernel/dataset/claim.ts';
import { toDatasetPlaces } from '../../services/kernel/dataset/places.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import { TestMoto } from '../support/servers/moto.ts';

const document = readFileSync(new URL('../../docs/run/aws.md', import.meta.url), 'utf8');
const always = { condition: 'always', contentType: 'text/plain' } as const;
const denied = { reason: 'access_denied' };
const stores: ObjectStore[] = [];
let moto: TestMoto;

beforeEach(async () => {
  moto = await TestMoto.create();
  for (const bucket of ['source', 'output']) await moto.createBucket(bucket);
  await moto.putKeys('source', ['models/a.glb', 'private/b.glb']);
});
afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  await moto.close();
});

/** The policy that stands below a bold word of docs/run/aws.md, for the buckets of this test. */
function policyOf(word: string): string {
  const found = new RegExp(`\\*\\*${word}\\*\\*[\\s\\S]*?\`\`\`json\\n([\\s\\S]*?)\`\`\``).exec(document);
  return found![1]!.replaceAll('SOURCE', 'source').replaceAll('OUTPUT', 'output');
}

async function callIam(parameters: Record<string, string>): Promise<string> {
  const answer = await fetch(moto.url, {
    method: 'POST',
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    headers: { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request' },
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return text;
}

/** Our store as somebody who has this one policy, on a server that asks for rights from then on. */
async function openWith(policy: string): Promise<ObjectStore> {
  const UserName = 'worker';
  await callIam({ Action: 'CreateUser', UserName });
  await callIam({ Action: 'PutUserPolicy', UserName, PolicyName: 'documented', PolicyDocument: policy });
  const key = await callIam({ Action: 'CreateAccessKey', UserName });
  const read = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(key)![1]!;
  const asked = await fetch(`${moto.url}/moto-api/reset-auth`, { method: 'POST', body: '0' });
  expect(asked.status).toBe(200);
  const s3 = { endpoint: moto.url, forcePathStyle: true, checksums: 'when_supported', region: 'us-east-1' } as const;
  const store = createObjectStore({ s3, allowedBuckets: undefined }, createMetrics('test'), {
    accessKeyId: read('AccessKeyId'),
    secretAccessKey: read('SecretAccessKey'),
  });
  stores.push(store);
  return store;
}

test('the reader of docs/run/aws.md lists and reads its folder, and that is all', async () => {
  const store = await openWith(policyOf('Reader'));
  const place = { bucket: 'source', key: 'models/a.glb' };
  expect((await store.list('source', { prefix: 'models/' })).objects).toHaveLength(1);
  expect(await store.head(place)).toMatchObject({ sizeBytes: 0n });
  expect(await store.read(place, 100)).toMatchObject({ body: Buffer.alloc(0) });
  await expect(store.read({ bucket: 'source', key: 'private/b.glb' }, 100)).rejects.toMatchObject(denied);
  await expect(store.write(place, 'x', always)).rejects.toMatchObject(denied);
  await expect(store.list('output', { prefix: '' })).rejects.toMatchObject(denied);
});

test('the writer of docs/run/aws.md claims a dataset, writes results and replaces records, and deletes nothing else', async () => {
  const store = await openWith(policyOf('Writer'));
  const outputUri = 's3://output/datasets/all/';
  await claimDataset(store, { operation: 'analysis', spec: {}, outputUri, replace: false });
  const name = { assetId: 'a'.repeat(32), fingerprint: 'b'.repeat(32), outcome: 'succeeded' } as const;
  const record = toDatasetPlaces(outputUri).record(name);
  await store.write(record, 'first', { ...always, condition: { ifAbsent: true } });
  expect((await store.list('output', { prefix: 'datasets/all/_cyclorama/records/' })).objects).toHaveLength(1);
  await store.remove(record);
  const result = { bucket: 'output', key: 'datasets/all/a_report.json' };
  await store.write(result, '{}', always);
  await expect(store.remove(result)).rejects.toMatchObject(denied);
  await expect(store.write({ bucket: 'output', key: 'elsewhere' }, 'x', always)).rejects.toMatchObject(denied);
  await expect(store.read({ bucket: 'source', key: 'models/a.glb' }, 100)).rejects.toMatchObject(denied);
});
