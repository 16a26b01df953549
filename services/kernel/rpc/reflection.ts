import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescFile, type FileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type Server, type ServerDuplexStream, status } from '@grpc/grpc-js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService as V1,
} from '../../../gen/v1/reflection.ts';
import { ServerReflectionService as V1Alpha } from '../../../gen/v1alpha/reflection.ts';

const IMAGE = new URL('../../../gen/image.binpb', import.meta.url);

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/**
 * Adds server reflection for the named services, as v1 and v1alpha, which have the same messages.
 * Serves the compiled descriptors unchanged, because @grpc/reflection rebuilds them without their imports, and
 * strict clients then cannot resolve them (https://github.com/grpc/grpc-node/issues/2934).
 */
export function addReflection(server: Server, serviceNames: string[]): void {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(IMAGE)));
  const names = [...serviceNames, toServiceName(V1), toServiceName(V1Alpha)].sort();
  const serverReflectionInfo = (call: ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>): void => {
    call.on('data', (request: ServerReflectionRequest) => {
      call.write({
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request, registry, names),
      });
    });
    call.on('end', () => call.end());
  };
  server.addService(V1, { serverReflectionInfo });
  server.addService(V1Alpha, { serverReflectionInfo });
}

/** Returns the full name of a generated service. */
function toServiceName(definition: Record<string, { path: string }>): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}

function answer({ messageRequest: ask }: ServerReflectionRequest, registry: FileRegistry, names: string[]): Answer {
  switch (ask?.$case) {
    case 'listServices':
      return { $case: 'listServicesResponse', value: { service: names.map((name) => ({ name })) } };
    case 'fileByFilename':
      return withFile(registry.getFile(ask.value), ask.value);
    case 'fileContainingSymbol':
      return withFile(findSymbol(registry, ask.value), ask.value);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = ask.value;
      const extendee = registry.getMessage(containingType);
      const extension = extendee && registry.getExtensionFor(extendee, extensionNumber);
      return withFile(extension?.file, `${containingType} extension ${extensionNumber}`);
    }
    case 'allExtensionNumbersOfType': {
      if (!registry.getMessage(ask.value)) return notFound(ask.value);
      const numbers = [...registry].filter((type) => type.kind === 'extension' && type.extendee.typeName === ask.value);
      const extensionNumber = numbers.map((type) => (type.kind === 'extension' ? type.number : 0));
      return { $case: 'allExtensionNumbersResponse', value: { baseTypeName: ask.value, extensionNumber } };
    }
    default:
      return {
        $case: 'errorResponse',
        value: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'the reflection request is empty' },
      };
  }
}

/** Finds the file of a service, message, enum or extension, or of a method, field or value inside one. */
function findSymbol(registry: FileRegistry, symbol: string): DescFile | undefined {
  const found = registry.get(symbol) ?? registry.get(symbol.slice(0, Math.max(symbol.lastIndexOf('.'), 0)));
  return found?.file;
}

function withFile(file: DescFile | undefined, asked: string): Answer {
  if (!file) return notFound(asked);
  const files = new Set<DescFile>();
  const add = (one: DescFile): void => {
    if (files.has(one)) return;
    files.add(one);
    one.dependencies.forEach(add);
  };
  add(file);
  const fileDescriptorProto = [...files].map((one) => Buffer.from(toBinary(FileDescriptorProtoSchema, one.proto)));
  return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(asked: string): Answer {
  return {
    $case: 'errorResponse',
    value: { errorCode: status.NOT_FOUND, errorMessage: `'${asked}' is not served here` },
  };
}
