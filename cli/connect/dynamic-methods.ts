import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { invalidRequest } from '../../services/kernel/failure.ts';

const IMAGE = fileURLToPath(new URL('../../gen/image.binpb', import.meta.url));

/** A method that can be called with JSON. */
export interface DynamicMethod {
  /** `cyclorama.job.v1.JobService/GetJob`. */
  name: string;
  service: string;
  requestType: string;
  responseType: string;
  /** Definition for a grpc-js client; requests and responses are JSON values. */
  definition: MethodDefinition<JsonValue, JsonValue>;
}

/**
 * Loads every method of the built protos with proto-loader.
 * Messages are converted by protobuf-es, since proto-loader's own objects are not protobuf JSON (times, structs,
 * unknown fields).
 */
export function loadMethods(image: Buffer = readFileSync(IMAGE)): DynamicMethod[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const methods: DynamicMethod[] = [];
  for (const [service, definition] of Object.entries(loadFileDescriptorSetFromBuffer(image))) {
    if ('format' in definition) continue;
    const described = registry.getService(service);
    for (const method of described?.methods ?? []) {
      const loaded = Object.values(definition).find(({ path }) => path === `/${service}/${method.name}`);
      if (loaded === undefined) continue;
      methods.push({
        name: `${service}/${method.name}`,
        service,
        requestType: method.input.typeName,
        responseType: method.output.typeName,
        definition: {
          path: loaded.path,
          requestStream: loaded.requestStream,
          responseStream: loaded.responseStream,
          ...serializers('request', method.input, registry),
          ...serializers('response', method.output, registry),
        } as MethodDefinition<JsonValue, JsonValue>,
      });
    }
  }
  return methods.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Finds `package.Service/Method`, where the package may be left out: `JobService/GetJob`. */
export function findMethod(methods: DynamicMethod[], word: string): DynamicMethod {
  const wanted = word.replace(/^\//, '');
  const found = methods.filter(({ name }) => name === wanted || name.endsWith(`.${wanted}`));
  if (found.length === 1) return found[0]!;
  const description =
    found.length === 0
      ? `there is no method '${word}'; see \`cyclorama call --list\``
      : `'${word}' may be ${found.map(({ name }) => name).join(' or ')}; write the whole name`;
  throw invalidRequest({ field: 'METHOD', description });
}

/** Reads a request of a method from JSON text; throws with the field that is wrong. */
export function parseRequest(method: DynamicMethod, text: string): JsonValue {
  let json: JsonValue;
  try {
    json = JSON.parse(text) as JsonValue;
    method.definition.requestSerialize(json);
  } catch (error) {
    throw invalidRequest({ field: method.requestType, description: (error as Error).message });
  }
  return json;
}

function serializers(kind: 'request' | 'response', schema: DescMessage, registry: FileRegistry) {
  return {
    [`${kind}Serialize`]: (json: JsonValue) => Buffer.from(toBinary(schema, fromJson(schema, json, { registry }))),
    [`${kind}Deserialize`]: (bytes: Buffer) =>
      toJson(schema, fromBinary(schema, bytes), { registry, alwaysEmitImplicit: true }),
  };
}
