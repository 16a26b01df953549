import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError, type Environment, isLoopback, readConfig, redactConfig } from './config.ts';

const PORTS = { grpcPort: 50052, httpPort: 9102 };
const TOKEN = 'a-token-of-enough-length';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-config-'));
  for (const name of ['cert', 'key']) writeFileSync(join(folder, name), `${name} material`);
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
  writeFileSync(join(folder, 'short-token'), 'short');
});
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(env: Environment): string[] {
  try {
    readConfig(env, PORTS);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
}

const tls = (): Environment => ({
  CYCLORAMA_TLS_CERT_FILE: join(folder, 'cert'),
  CYCLORAMA_TLS_KEY_FILE: join(folder, 'key'),
});

test('an empty environment gives settings that work on one machine', () => {
  const config = readConfig({}, PORTS);
  expect(config).toMatchObject({
    ...PORTS,
    host: '127.0.0.1',
    token: undefined,
    tls: undefined,
    allowedBuckets: undefined,
    callTimeoutMs: 600_000,
    nats: { url: 'nats://127.0.0.1:4222', ackWaitMs: 60_000, replicas: 1 },
    s3: { endpoint: undefined, forcePathStyle: false, checksums: 'when_supported' },
    worker: { slots: 1, sandbox: 'auto', exitWhenIdleMs: undefined },
  });
});

test('an empty variable counts as one that is not set', () => {
  expect(readConfig({ CYCLORAMA_GRPC_PORT: '', CYCLORAMA_TOKEN: '' }, PORTS)).toMatchObject({
    grpcPort: PORTS.grpcPort,
    token: undefined,
  });
});

test('values are read as what they are', () => {
  const config = readConfig(
    {
      CYCLORAMA_GRPC_PORT: '0',
      CYCLORAMA_S3_FORCE_PATH_STYLE: 'true',
      CYCLORAMA_ALLOWED_BUCKETS: ' one, two,,three ',
      CYCLORAMA_EXIT_WHEN_IDLE_MS: '5000',
      CYCLORAMA_WORKER_ID: 'pilot_7-a',
    },
    PORTS,
  );
  expect(config.grpcPort).toBe(0);
  expect(config.s3.forcePathStyle).toBe(true);
  expect(config.allowedBuckets).toEqual(['one', 'two', 'three']);
  expect(config).toMatchObject({ processId: 'pilot_7-a', worker: { exitWhenIdleMs: 5000 } });
});

test('a role, encryption and a paying requester are read for the store', () => {
  const arn = 'arn:aws:iam::111122223333:role/data/reader';
  expect(
    readConfig(
      {
        CYCLORAMA_S3_ROLE_ARN: arn,
        CYCLORAMA_S3_ROLE_EXTERNAL_ID: 'agreed-word',
        CYCLORAMA_S3_SSE: 'aws:kms',
        CYCLORAMA_S3_SSE_KMS_KEY_ID: 'alias/datasets',
        CYCLORAMA_S3_REQUESTER_PAYS: 'true',
      },
      PORTS,
    ).s3,
  ).toMatchObject({
    role: { arn, externalId: 'agreed-word', sessionName: 'cyclorama' },
    encryption: { algorithm: 'aws:kms', kmsKeyId: 'alias/datasets' },
    requesterPays: true,
  });
});

test.each([
  [{ CYCLORAMA_S3_SSE_KMS_KEY_ID: 'alias/datasets' }, 'CYCLORAMA_S3_SSE=aws:kms'],
  [{ CYCLORAMA_S3_SSE_KMS_KEY_ID: 'alias/datasets', CYCLORAMA_S3_SSE: 'AES256' }, 'CYCLORAMA_S3_SSE=aws:kms'],
  [{ CYCLORAMA_S3_ROLE_EXTERNAL_ID: 'agreed-word' }, 'CYCLORAMA_S3_ROLE_ARN'],
])('%j is refused for what it lacks', (env, lacking) => {
  expect(problemsOf(env)).toEqual([expect.stringContaining(lacking)]);
});

test('a worker without a name gets one that is good as a key on the bus', () => {
  expect(readConfig({}, PORTS).processId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
});

test('every problem is told at once, those between variables too', () => {
  const problems = problemsOf({
    CYCLORAMA_SLOTS: 'many',
    CYCLORAMA_GRPC_PORT: '70000',
    CYCLORAMA_SANDBOX: 'perhaps',
    CYCLORAMA_WORKER_ID: 'no spaces',
    CYCLORAMA_TLS_CERT_FILE: join(folder, 'cert'),
    CYCLORAMA_TOKEN_FILE: join(folder, 'absent'),
    CYCLORAMA_HOST: '0.0.0.0',
  });
  for (const name of ['SLOTS', 'GRPC_PORT', 'SANDBOX', 'WORKER_ID', 'TLS_KEY_FILE', 'TOKEN_FILE', 'HOST']) {
    expect(problems.filter((problem) => problem.includes(`CYCLORAMA_${name}`))).not.toEqual([]);
  }
  expect(problems.find((problem) => problem.includes('SLOTS'))).toContain("'many'");
  expect(problems.find((problem) => problem.includes('TOKEN_FILE'))).toContain('ENOENT');
});

test.each([
  ['CYCLORAMA_SLOTS', '0'],
  ['CYCLORAMA_SLOTS', '1.5'],
  ['CYCLORAMA_HTTP_PORT', '-1'],
  ['CYCLORAMA_ACK_WAIT_MS', '10'],
  ['CYCLORAMA_MAX_ASSET_BYTES', String(5 * 1024 ** 3 + 1)],
  ['CYCLORAMA_S3_ENDPOINT', 'no url'],
  ['CYCLORAMA_S3_FORCE_PATH_STYLE', 'yes'],
  ['CYCLORAMA_S3_SSE', 'SSE-C'],
  ['CYCLORAMA_S3_ROLE_ARN', 'reader'],
  ['CYCLORAMA_S3_ROLE_SESSION_NAME', 'two words'],
  ['CYCLORAMA_LOG_LEVEL', 'loud'],
])('%s=%s is refused by name', (name, value) => {
  expect(problemsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}='${value}'`)]);
});

test('a secret that is wrong is not shown', () => {
  expect(problemsOf({ CYCLORAMA_TOKEN: 'too-short-12345' })).toEqual([
    expect.stringMatching(/^CYCLORAMA_TOKEN=\[redacted\]/),
  ]);
  expect(problemsOf({ CYCLORAMA_TOKEN_FILE: join(folder, 'short-token') })).toEqual([
    'CYCLORAMA_TOKEN_FILE: expected at least 16 characters',
  ]);
});

test('a token comes from a file without its line end', () => {
  expect(readConfig({ CYCLORAMA_TOKEN_FILE: join(folder, 'token') }, PORTS).token).toBe(TOKEN);
});

test('an address that others reach needs TLS and a token, or an explicit word', () => {
  const host = { CYCLORAMA_HOST: '0.0.0.0' };
  const refused = [expect.stringContaining('reachable from outside')];
  expect(problemsOf(host)).toEqual(refused);
  expect(problemsOf({ ...host, CYCLORAMA_TOKEN: TOKEN })).toEqual(refused);
  expect(problemsOf({ ...host, ...tls() })).toEqual(refused);
  expect(problemsOf({ ...host, ...tls(), CYCLORAMA_TOKEN: TOKEN })).toEqual([]);
  expect(problemsOf({ ...host, CYCLORAMA_INSECURE_BIND: 'true' })).toEqual([]);
});

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
])('%s is loopback: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

test('what is logged of the settings holds no secret', () => {
  const config = readConfig(
    {
      ...tls(),
      CYCLORAMA_TOKEN: TOKEN,
      CYCLORAMA_NATS_URL: 'nats://user:first-secret@one:4222,nats://user:second-secret@two:4222',
      CYCLORAMA_NATS_TOKEN: 'nats-secret',
      CYCLORAMA_NATS_PASSWORD: 'password-secret',
      CYCLORAMA_S3_ROLE_ARN: 'arn:aws:iam::111122223333:role/reader',
      CYCLORAMA_S3_ROLE_EXTERNAL_ID: 'external-secret',
      CYCLORAMA_S3_ENDPOINT: 'https://key:store-secret@store.example',
    },
    PORTS,
  );
  const logged = JSON.stringify(redactConfig(config));
  expect(logged).not.toMatch(/secret|material/);
  expect(logged).not.toContain(TOKEN);
  expect(logged).toContain('one:4222');
  expect(logged).toContain('store.example');
});
