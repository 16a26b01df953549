import { text } from 'node:stream/consumers';
import type { JsonValue } from '@bufbuild/protobuf';
import { type Client, type ClientDuplexStream, type Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { Command } from 'commander';
import { invalidRequest } from '../../services/kernel/failure.ts';
import { callStream, callUnary } from '../../services/kernel/rpc/client.ts';
import { action, type CommandContext, type ServerOptions, withServer } from '../connect/command-run.ts';
import { type DynamicMethod, findMethod, loadMethods, parseRequest } from '../connect/dynamic-methods.ts';
import { within } from '../connect/job-calls.ts';
import { SERVICES, type ServiceName } from '../stack/services.ts';
import { addExamples } from '../terminal/examples.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { parseCount } from '../terminal/option-values.ts';

const CALL_TIMEOUT_S = 3_600;

interface CallOptions extends ServerOptions {
  list?: boolean;
  timeout?: number;
}

/** Adds `cyclorama call`. */
export function register(program: Command): void {
  const command = withServer(
    program
      .command('call')
      .description('call any gRPC method with JSON; streams answer with a line of JSON a message')
      .argument('[method]', 'SERVICE/METHOD; the package may be left out: JobService/GetJob')
      .argument('[json]', 'the request as JSON, or - to read it from standard input', '{}')
      .option('--list', 'list the methods')
      .option('--timeout <seconds>', `deadline of the call (default: ${CALL_TIMEOUT_S})`, parseCount),
  ).action(action<CallOptions>(call));
  addExamples(command, [
    ['call --list', 'every method'],
    [`call DiscoveryService/ListAssets '{"prefix_uri":"s3://samples/","page_size":5}'`, 'one page of a bucket'],
    ['call JobService/ListJobs - < request.json', 'the request from standard input'],
  ]);
}

async function call(context: CommandContext, options: CallOptions, [word, json = '{}']: string[]): Promise<number> {
  const methods = loadMethods();
  if (options.list) {
    for (const method of methods) context.terminal.print(context.json ? methodJson(method) : methodLine(method));
    return EXIT.ok;
  }
  if (word === undefined) throw invalidRequest({ field: 'METHOD', description: 'missing; or give --list' });
  const method = findMethod(methods, word);
  const request = parseRequest(method, json === '-' ? await text(process.stdin) : json);
  const limits = within(context.signal, (options.timeout ?? CALL_TIMEOUT_S) * 1000);
  const client = await openClient(context, method);
  const print = (answer: JsonValue, indent = 0): void => context.terminal.print(JSON.stringify(answer, null, indent));
  if (method.definition.responseStream) {
    for await (const answer of callStream(client, streamMethod(client, method), request, limits)) print(answer);
  } else {
    print(await callUnary(client, client.method, request, limits), context.json ? 0 : 2);
  }
  return EXIT.ok;
}

type MethodClient = Client & {
  method: Parameters<typeof callUnary<JsonValue, JsonValue>>[1] &
    Parameters<typeof callStream<JsonValue, JsonValue>>[1];
};

async function openClient(
  { connection }: CommandContext,
  { service, definition }: DynamicMethod,
): Promise<MethodClient> {
  const Constructor = makeGenericClientConstructor({ method: definition }, service);
  return (await connection.client(Constructor, serverOf(service))) as unknown as MethodClient;
}

/** Lets a method that takes a stream of requests be called with one. */
function streamMethod({ method }: MethodClient, { definition }: DynamicMethod): MethodClient['method'] {
  if (!definition.requestStream) return method;
  const open = method as unknown as (metadata: Metadata, options: object) => ClientDuplexStream<JsonValue, JsonValue>;
  return function (this: Client, request: JsonValue, metadata: Metadata, options: object) {
    const stream = open.call(this, metadata, options);
    stream.end(request);
    return stream;
  } as MethodClient['method'];
}

/** Chooses the server to call: a service's own, or any for a service that each server has, such as jobs or health. */
function serverOf(service: string): ServiceName {
  const own = SERVICES.find(({ name }) => service.startsWith(`cyclorama.${name.replaceAll('-', '_')}.`));
  return own?.name ?? 'analysis';
}

function methodLine({ name, requestType, responseType, definition }: DynamicMethod): string {
  const request = `${definition.requestStream ? 'stream ' : ''}${requestType}`;
  return `${name}  (${request}) -> ${definition.responseStream ? 'stream ' : ''}${responseType}`;
}

function methodJson({ name, requestType, responseType, definition }: DynamicMethod): string {
  const { requestStream, responseStream } = definition;
  return JSON.stringify({ name, requestType, responseType, requestStream, responseStream });
}
