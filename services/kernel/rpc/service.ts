import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { type CallHost, serveStream, serveUnary } from './call.ts';
import type { StreamHandler, UnaryHandler } from './types.ts';

/** A method in the form that ts-proto generates. */
interface Method<Request = never, Response = never> {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(message: Response): Buffer;
}

type HandlerOf<M> =
  M extends Method<infer Request, infer Response>
    ? M extends { responseStream: true }
      ? StreamHandler<Request, Response>
      : UnaryHandler<Request, Response>
    : never;

/** One handler for every method of a generated service definition. */
export type Handlers<Definition> = { [Name in keyof Definition]: HandlerOf<Definition[Name]> };

/** A service with its handlers, ready for a server. */
export interface RpcService {
  name: string;
  definition: ServiceDefinition;
  implement(host: CallHost): UntypedServiceImplementation;
}

/** Joins a generated service definition with its handlers, whose types must match. It has no client streaming. */
export function bindService<Definition extends object>(
  definition: Definition,
  handlers: Handlers<Definition>,
): RpcService {
  const methods = Object.entries(definition) as [string & keyof Definition, Method][];
  return {
    name: methods[0]?.[1].path.split('/')[1] ?? '',
    definition: definition as unknown as ServiceDefinition,
    implement: (host) =>
      Object.fromEntries(
        methods.map(([name, { responseStream }]) => [
          name,
          responseStream
            ? serveStream(handlers[name] as StreamHandler<unknown, unknown>, host)
            : serveUnary(handlers[name] as UnaryHandler<unknown, unknown>, host),
        ]),
      ),
  };
}
