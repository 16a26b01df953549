import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callByHand, grpcurl } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

const COMMON = [
  'cyclorama.job.v1.JobService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];
const SERVERS = [
  ['discovery', ['cyclorama.discovery.v1.DiscoveryService', ...COMMON]],
  ['analysis', ['cyclorama.analysis.v1.AnalysisService', ...COMMON]],
] as const;

let system: SystemStack;
beforeAll(async () => {
  system = await SystemStack.create({ parts: ['nats', 's3', 'discovery', 'analysis'] });
});
afterAll(() => system?.close());

/** What grpcurl prints for a server, line by line; fails where it complains. */
async function say(server: 'discovery' | 'analysis', ...args: string[]): Promise<string[]> {
  const { code, out, err } = await grpcurl('-plaintext', '-msg-template', system.stack.endpoints[server], ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').filter((line) => line !== '');
}

describe.each(SERVERS)('%s', (server, services) => {
  test('lists its services', async () => {
    expect(await say(server, 'list')).toEqual(services);
  });

  test('describes every service, every method and the messages of each, comments included', async () => {
    for (const service of services) {
      const described = await say(server, 'describe', service);
      expect(described[0]).toBe(`${service} is a service:`);
      const methods = await say(server, 'list', service);
      expect(methods.length).toBeGreaterThan(0);
      for (const method of methods) {
        const text = (await say(server, 'describe', method)).join('\n');
        expect(text).toMatch(/^\S+ is a method:\n(\/\/.*\n)+rpc /);
        const messages = [...text.matchAll(/\( (?:stream )?\.(\S+) \)/g)].map(([, name]) => name as string);
        expect(messages).toHaveLength(2);
        for (const message of messages) {
          expect((await say(server, 'describe', message))[0]).toBe(`${message} is a message:`);
        }
      }
    }
  });
});

test('a message whose fields come from four files is described with their full names, and has a template', async () => {
  const lines = (await say('analysis', 'describe', 'cyclorama.job.v1.Job')).join('\n');
  for (const type of [
    'cyclorama.asset.v1.AssetSource source',
    'cyclorama.failure.v1.Failure failure',
    'google.protobuf.Struct spec',
    'google.protobuf.Timestamp create_time',
  ]) {
    expect(lines).toContain(`.${type} =`);
  }
  expect(lines).toMatch(/Message template:\n\{[\s\S]*"jobId": ""/);
});

test('a symbol that is not there is told so', async () => {
  const { code, err } = await grpcurl('-plaintext', system.stack.endpoints.discovery, 'describe', 'no.such.Symbol');
  expect(code).not.toBe(0);
  expect(err).toContain('no.such.Symbol');
});

test.each(['v1', 'v1alpha'])(
  'reflection %s answers by itself, with a file and all that it imports',
  async (version) => {
    const method = `grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const [listed, file] = await callByHand<Reflected>(
      system.stack.endpoints.analysis,
      method,
      { list_services: '' },
      { file_containing_symbol: 'cyclorama.job.v1.JobService' },
    );
    expect(listed?.listServicesResponse?.service.map(({ name }) => name)).toEqual(SERVERS[1][1]);
    const names = file?.fileDescriptorResponse?.fileDescriptorProto.map((proto) =>
      Buffer.from(proto, 'base64').toString(),
    );
    for (const path of [
      'cyclorama/job/v1/job_service.proto',
      'cyclorama/job/v1/job.proto',
      'google/protobuf/struct.proto',
    ])
      expect(names?.filter((text) => text.slice(2).startsWith(path))).toHaveLength(1);
  },
);

interface Reflected {
  listServicesResponse?: { service: { name: string }[] };
  fileDescriptorResponse?: { fileDescriptorProto: string[] };
}
