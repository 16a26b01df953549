import {
  type CallOptions,
  type Client,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { CycloramaError } from '../failure.ts';
import { isLoopback } from '../process/config.ts';
import { formatTraceparent } from '../process/trace.ts';
import { fromServiceError } from './errors.ts';
import { MAX_MESSAGE_BYTES } from './server.ts';

type ClientConstructor<C extends Client> = new (
  address: string,
  channel: ReturnType<typeof credentials.createInsecure>,
  options: Partial<ClientOptions>,
) => C;

/** Credentials of a client, and the authority that it trusts. */
export interface ClientSecurity {
  token?: string | undefined;
  /** Certificate authority of the server. The client uses TLS if it is set. */
  tlsCa?: Buffer | undefined;
}

/** Limits of one call, and the trace that it belongs to. */
export interface CallLimits {
  signal?: AbortSignal | undefined;
  /** Deadline in milliseconds since the epoch. It is required, so that no call waits for ever. */
  deadlineMs: number;
  traceId?: string | undefined;
}

/**
 * Opens a generated client. It connects at the first call, and again after a failure.
 * Until it is connected again, calls fail at once with service_unavailable.
 */
export function createClient<C extends Client>(
  Constructor: ClientConstructor<C>,
  address: string,
  { token, tlsCa }: ClientSecurity = {},
): C {
  return new Constructor(address, tlsCa ? credentials.createSsl(tlsCa) : credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    // A proxy from the environment cannot reach services on this machine.
    'grpc.enable_http_proxy': isLoopback(address.replace(/:\d+$/, '')) ? 0 : 1,
    interceptors: token === undefined ? [] : [withToken(token)],
  });
}

type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

type StreamMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientReadableStream<Response>;

/**
 * Calls `method` of `client`, as in `callUnary(client, client.listAssets, request, limits)`.
 * Throws a CycloramaError.
 */
export function callUnary<Request, Response>(
  client: Client,
  method: UnaryMethod<Request, Response>,
  request: Request,
  limits: CallLimits,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (limits.signal?.aborted) return reject(toAbortError(limits.signal));
    const { metadata, options } = describeCall(limits);
    const call = method.call(client, request, metadata, options, (error, response) => {
      limits.signal?.removeEventListener('abort', onAbort);
      if (error) reject(toError(error, client, limits.signal));
      else resolve(response);
    });
    const onAbort = (): void => call.cancel();
    limits.signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Calls a server-streaming method; ends the call when the caller stops reading. Throws a CycloramaError. */
export async function* callStream<Request, Response>(
  client: Client,
  method: StreamMethod<Request, Response>,
  request: Request,
  limits: CallLimits,
): AsyncGenerator<Response, void> {
  if (limits.signal?.aborted) throw toAbortError(limits.signal);
  const { metadata, options } = describeCall(limits);
  const call = method.call(client, request, metadata, options);
  const onAbort = (): void => call.cancel();
  limits.signal?.addEventListener('abort', onAbort, { once: true });
  call.on('error', () => {
    // The iterator throws the error. Without a listener, the error of our own cancel below would end the process.
  });
  try {
    yield* call as AsyncIterable<Response>;
  } catch (error) {
    throw isServiceError(error) ? toError(error, client, limits.signal) : error;
  } finally {
    limits.signal?.removeEventListener('abort', onAbort);
    call.cancel();
  }
}

function describeCall({ deadlineMs, traceId }: CallLimits): { metadata: Metadata; options: CallOptions } {
  const metadata = new Metadata();
  if (traceId !== undefined) metadata.set('traceparent', formatTraceparent(traceId));
  return { metadata, options: { deadline: deadlineMs } };
}

function toError(error: ServiceError, client: Client, signal: AbortSignal | undefined): CycloramaError {
  if (signal?.aborted) return toAbortError(signal);
  return fromServiceError(error, client.getChannel().getTarget().replace(/^dns:/, ''));
}

function toAbortError({ reason }: AbortSignal): CycloramaError {
  if (reason instanceof CycloramaError) return reason;
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError';
  return timedOut
    ? new CycloramaError('deadline_exceeded', 'the call was not done in time', { cause: reason })
    : new CycloramaError('cancelled', 'the call was cancelled', { cause: reason });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

function withToken(token: string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, listener, next) => {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
}
