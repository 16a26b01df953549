import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { boxGlb } from '../support/assets/glb.ts';
import { type Ended, grpcurl, toMessages } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const TOKEN = 'a-token-of-the-system-tests';
const CERTIFICATE = fileURLToPath(new URL('../support/servers/tls/cert.pem', import.meta.url));
const KEY = fileURLToPath(new URL('../support/servers/tls/key.pem', import.meta.url));
const TRUSTING = ['-cacert', CERTIFICATE];
const KNOWN = [...TRUSTING, '-H', `authorization: Bearer ${TOKEN}`];
const REQUEST = ['-d', '{"prefix_uri":"s3://models/"}'];
const LIST = 'cyclorama.discovery.v1.DiscoveryService/ListAssets';

let system: SystemStack;
beforeAll(async () => {
  system = await SystemStack.create({
    env: {
      CYCLORAMA_TOKEN: TOKEN,
      CYCLORAMA_TLS_CERT_FILE: CERTIFICATE,
      CYCLORAMA_TLS_KEY_FILE: KEY,
      CYCLORAMA_TLS_CA_FILE: CERTIFICATE,
    },
  });
  system.fill('models', { 'box.glb': boxGlb() });
});
afterAll(() => system?.close());

const call = (...args: string[]): Promise<Ended> => grpcurl(...args, system.stack.endpoints.discovery, LIST);

test('with the authority and the token everything works: list, describe and calls', async () => {
  const { discovery } = system.stack.endpoints;
  expect((await grpcurl(...KNOWN, discovery, 'list')).out).toContain('cyclorama.discovery.v1.DiscoveryService');
  expect((await grpcurl(...KNOWN, discovery, 'describe', 'cyclorama.job.v1.Job')).code).toBe(0);
  expect(toMessages((await call(...KNOWN, ...REQUEST)).out)).toMatchObject([
    { assets: [{ uri: 's3://models/box.glb' }] },
  ]);
});

test('a job runs through services that call each other over TLS with the token', async () => {
  const { analysis } = system.stack.endpoints;
  const create = ['-d', '{"source":{"prefix":{"prefix_uri":"s3://models/"}}}', analysis];
  const created = await grpcurl(...KNOWN, ...create, 'cyclorama.analysis.v1.AnalysisService/CreateAnalysisJob');
  const [{ job } = { job: { jobId: created.err } }] = toMessages<{ job: { jobId: string } }>(created.out);
  const watch = ['-d', JSON.stringify({ job_id: job.jobId }), analysis, 'cyclorama.job.v1.JobService/WatchJob'];
  const changes = toMessages((await grpcurl(...KNOWN, ...watch)).out);
  expect(changes.at(-1)).toMatchObject({ job: { state: 'JOB_STATE_SUCCEEDED', counts: { succeeded: '1' } } });
});

test.each([
  ['without a token', []],
  ['with a wrong token', ['-H', `authorization: Bearer ${TOKEN}-not`]],
  ['with the token in the wrong form', ['-H', `authorization: ${TOKEN}`]],
])('%s calls and reflection are refused as unauthenticated', async (_, header) => {
  const proto = ['-import-path', 'protos', '-proto', 'cyclorama/discovery/v1/discovery.proto'];
  const { err } = await call(...TRUSTING, ...header, ...proto, ...REQUEST);
  expect(err).toContain('Code: Unauthenticated');
  expect(err).not.toContain(TOKEN);
  const listed = await grpcurl(...TRUSTING, ...header, system.stack.endpoints.discovery, 'list');
  expect(listed.code).not.toBe(0);
  expect(listed.err).toContain('authorization: Bearer');
});

test('health needs TLS but no token, so that probes work', async () => {
  const { discovery } = system.stack.endpoints;
  const proto = ['-protoset', 'gen/image.binpb'];
  const { out } = await grpcurl(...TRUSTING, ...proto, discovery, 'grpc.health.v1.Health/Check');
  expect(toMessages(out)).toEqual([{ status: 'SERVING' }]);
});

test('a client that speaks no TLS, or trusts another authority, gets nothing', async () => {
  const token = ['-H', `authorization: Bearer ${TOKEN}`];
  for (const transport of [['-plaintext'], []]) {
    const { code, out, err } = await call('-connect-timeout', '3', ...transport, ...token, ...REQUEST);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('Failed to dial');
  }
});
