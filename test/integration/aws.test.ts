import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfig } from '../../services/kernel/process/config.ts';
import { createMetrics } from '../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../services/kernel/store/object-store.ts';
import { TestMoto } from '../support/servers/moto.ts';
import { S3Recorder } from '../support/servers/s3-recorder.ts';

const ROLE = 'arn:aws:iam::111122223333:role/reader';
const always = { condition: 'always', contentType: 'text/plain' } as const;
let moto: TestMoto;

beforeEach(async () => {
  moto = await TestMoto.create();
  for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await moto.close();
});

const open = (env: Record<string, string>) =>
  createObjectStore(readConfig({ ...moto.environment, ...env }, { grpcPort: 0, httpPort: 0 }), createMetrics('test'));

test('a role is assumed once, and every request is signed with what it gives, in every region', async () => {
  const recorder = await S3Recorder.create();
  recorder.regions.west = 'us-west-2';
  vi.stubEnv('AWS_ENDPOINT_URL_STS', moto.url);
  const store = open({ CYCLORAMA_S3_ENDPOINT: recorder.url, CYCLORAMA_S3_ROLE_ARN: ROLE });
  try {
    for (const bucket of ['home', 'west', 'home', 'west']) await store.head({ bucket, key: 'a' });
    const keys = new Set(recorder.requests.map(({ accessKeyId }) => accessKeyId));
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^ASIA/);
    for (const { headers } of recorder.requests) expect(headers['x-amz-security-token']).toBeTruthy();
  } finally {
    store.close();
    await recorder.close();
  }
});

test('a role that nobody may assume is told as missing access', async () => {
  const closed = await S3Recorder.create();
  closed.refusal = 'denied';
  vi.stubEnv('AWS_ENDPOINT_URL_STS', closed.url);
  const store = open({ CYCLORAMA_S3_ROLE_ARN: ROLE });
  try {
    await expect(store.head({ bucket: 'bucket', key: 'a' })).rejects.toMatchObject({ reason: 'access_denied' });
  } finally {
    store.close();
    await closed.close();
  }
});

test.each([
  [{ CYCLORAMA_S3_SSE: 'AES256' }, { ServerSideEncryption: 'AES256' }],
  [
    { CYCLORAMA_S3_SSE: 'aws:kms', CYCLORAMA_S3_SSE_KMS_KEY_ID: 'datasets' },
    { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: expect.stringContaining('datasets') },
  ],
])('with %j objects lie encrypted so, and conditional writes still hold', async (env, expected) => {
  await moto.createBucket('bucket');
  const store = open(env);
  const place = { bucket: 'bucket', key: 'a' };
  try {
    const { etag } = await store.write(place, 'first', { ...always, condition: { ifAbsent: true } });
    const head = await moto.client.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'a' }));
    expect(head).toMatchObject(expected);
    await expect(store.write(place, 'second', { ...always, condition: { ifAbsent: true } })).rejects.toMatchObject({
      reason: 'precondition_failed',
    });
    expect(await store.read(place, 100)).toEqual({ body: Buffer.from('first'), etag });
  } finally {
    store.close();
  }
});
