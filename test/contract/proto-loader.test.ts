import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import {
  type ServiceDefinition as LoadedService,
  loadFileDescriptorSetFromBuffer,
  type MessageTypeDefinition,
} from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { loadMethods } from '../../cli/connect/dynamic-methods.ts';

const GEN = fileURLToPath(new URL('../../gen', import.meta.url));

/** A message type as ts-proto generates it. */
interface Generated {
  fromJSON(json: JsonValue): object;
  toJSON(message: object): JsonValue;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

const image = readFileSync(join(GEN, 'image.binpb'));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const loaded = loadFileDescriptorSetFromBuffer(image, {
  longs: String,
  enums: Number,
  defaults: true,
  arrays: true,
  objects: true,
});

/** Every generated module of ours with its proto package: `gen/cyclorama/job/v1/job.ts` is of `cyclorama.job.v1`. */
const files = readdirSync(join(GEN, 'cyclorama'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);
const modules = await Promise.all(
  files.map(async (file) => ({
    proto: `cyclorama.${file.split('/').slice(0, -1).join('.')}`,
    exports: (await import(join(GEN, 'cyclorama', file))) as Record<string, unknown>,
  })),
);

const services = modules.flatMap(({ proto, exports }) =>
  Object.entries(exports)
    .filter(([name]) => name.endsWith('ServiceService'))
    .map(
      ([name, definition]) => [`${proto}.${name.replace(/Service$/, '')}`, definition as ServiceDefinition] as const,
    ),
);
const messages = modules.flatMap(({ proto, exports }) =>
  Object.entries(exports)
    .filter(([name, value]) => typeof (value as Generated)?.fromJSON === 'function' && !isMapEntry(name))
    .map(([name, value]) => [`${proto}.${name}`, value as Generated] as const),
);

describe('definitions of proto-loader and ts-proto', () => {
  it('cover the same services', () => {
    const ours = Object.entries(loaded).filter(
      ([name, entry]) => name.startsWith('cyclorama.') && !('format' in entry),
    );
    expect(services.map(([name]) => name).toSorted()).toEqual(ours.map(([name]) => name).toSorted());
    expect(services.length).toBeGreaterThan(2);
  });

  it('cover the same messages', () => {
    const ours = Object.entries(loaded).filter(([name, entry]) => name.startsWith('cyclorama.') && isMessage(entry));
    expect(messages.map(([name]) => name).toSorted()).toEqual(ours.map(([name]) => name).toSorted());
  });

  it.each(services)('agree on the paths and streams of %s', (name, definition) => {
    const shape = (methods: object) =>
      (Object.values(methods) as MethodDefinition<unknown, unknown>[])
        .map(({ path, requestStream, responseStream }) => ({ path, requestStream, responseStream }))
        .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    expect(shape(loaded[name] as LoadedService)).toEqual(shape(definition));
  });

  it.each(messages)('read each other’s %s', (name, generated) => {
    const type = loaded[name] as MessageTypeDefinition<object, object>;
    for (const json of samplesOf(registry.getMessage(name)!)) {
      const message = generated.fromJSON(json);
      expect(generated.toJSON(message)).toEqual(json);
      const bytes = Buffer.from(generated.encode(message).finish());
      expect(generated.decode(type.serialize(type.deserialize(bytes)))).toEqual(message);
    }
  });

  it('are what `cyclorama call` offers', () => {
    const offered = new Set(loadMethods().map(({ definition }) => definition.path));
    for (const [, definition] of services)
      for (const { path } of Object.values(definition)) expect(offered).toContain(path);
  });
});

function isMessage(entry: object): boolean {
  return (entry as { format?: string }).format === 'Protocol Buffer 3 DescriptorProto';
}

/** ts-proto has types of its own for the entries of maps. */
function isMapEntry(name: string): boolean {
  return /_\w+Entry$/.test(name);
}

/** Messages in protobuf JSON with every field set, one for each member of a oneof. */
function samplesOf(message: DescMessage): JsonValue[] {
  const choices = Math.max(1, ...message.oneofs.map(({ fields }) => fields.length));
  return Array.from({ length: choices }, (_, choice) => sampleOf(message, choice));
}

function sampleOf(message: DescMessage, choice = 0): JsonValue {
  const wellKnown = WELL_KNOWN[message.typeName];
  if (wellKnown !== undefined) return wellKnown;
  const fields = message.fields.filter(({ oneof }) => oneof === undefined);
  const chosen = message.oneofs.map((oneof) => oneof.fields[choice % oneof.fields.length]!);
  return Object.fromEntries([...fields, ...chosen].map((field) => [field.jsonName, sampleField(field)]));
}

const WELL_KNOWN: Record<string, JsonValue> = {
  'google.protobuf.Timestamp': '2025-01-02T03:04:05.678Z',
  'google.protobuf.Struct': { text: 'a', number: 1.5, list: [true, null], nested: { deep: '' } },
};

function sampleField(field: DescField): JsonValue {
  switch (field.fieldKind) {
    case 'list':
      return [single(field.listKind, field)];
    case 'map':
      return { key: single(field.mapKind, field) };
    default:
      return single(field.fieldKind, field);
  }
}

function single(kind: 'scalar' | 'enum' | 'message', field: DescField): JsonValue {
  if (kind === 'enum') return field.enum!.values[1]!.name;
  if (kind === 'message') return sampleOf(field.message!);
  switch (field.scalar) {
    case ScalarType.STRING:
      return field.name;
    case ScalarType.BOOL:
      return true;
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return '9007199254740993';
    case ScalarType.DOUBLE:
      return 0.1;
    case ScalarType.INT32:
    case ScalarType.UINT32:
      return field.number + 1;
    default:
      throw new Error(`no sample for ${ScalarType[field.scalar!]}, of ${field}; add one here`);
  }
}
