import { once } from 'node:events';
import type { Metadata, ServerUnaryCall, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import { newTraceId, parseTraceparent } from '../process/trace.ts';
import { orAborted } from '../signal.ts';
import { toStatus } from './errors.ts';
import type { CallContext, StreamHandler, UnaryHandler } from './types.ts';

/** Settings that all calls share with their server. */
export interface CallHost {
  log: Log;
  /** Time limit of calls whose client sets no deadline. */
  callTimeoutMs: number;
  /** Aborts when the server's grace is over, with the error for the client. */
  stopping: AbortSignal;
}

/** Node fires longer timers at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface OpenableCall {
  metadata: Metadata;
  getDeadline(): Date | number;
  getPath(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** Turns a handler into a unary method of grpc-js. */
export function serveUnary<Request, Response>(handler: UnaryHandler<Request, Response>, host: CallHost) {
  return async (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): Promise<void> => {
    const { context, close } = openCall(call, host);
    try {
      answer(null, await orAborted(handler(call.request, context), context.signal));
    } catch (error) {
      answer(describe(error, context));
    } finally {
      close();
    }
  };
}

/** Turns a handler into a server-streaming method of grpc-js, which pulls only as fast as the client reads. */
export function serveStream<Request, Response>(handler: StreamHandler<Request, Response>, host: CallHost) {
  return async (call: ServerWritableStream<Request, Response>): Promise<void> => {
    const { context, close } = openCall(call, host);
    const messages = handler(call.request, context)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await orAborted(messages.next(), context.signal);
        if (next.done) break;
        if (!call.write(next.value)) await once(call, 'drain', { signal: context.signal });
      }
      call.end();
    } catch (error) {
      if (!call.cancelled) call.emit('error', describe(error, context));
    } finally {
      close();
      // We do not await this, because a handler that ignores its signal must not hold the call open.
      messages.return?.().catch((error: unknown) => context.log.warn({ err: error }, 'stream did not clean up'));
    }
  };
}

/** Gives a call its deadline, signal, trace id and log. */
function openCall(call: OpenableCall, host: CallHost): { context: CallContext; close: () => void } {
  const begin = Date.now();
  const asked = Number(call.getDeadline());
  const deadlineMs = Number.isFinite(asked) ? asked : begin + host.callTimeoutMs;
  const ending = new AbortController();
  const expire = (): void =>
    ending.abort(new CycloramaError('deadline_exceeded', `not done within ${deadlineMs - begin} ms`));
  const timer = setTimeout(expire, Math.min(deadlineMs - begin, MAX_TIMER_MS));
  call.on('cancelled', () => {
    if (Date.now() >= deadlineMs) expire();
    else ending.abort(new CycloramaError('cancelled', 'the client cancelled the call or went away'));
  });
  const onStopping = (): void => ending.abort(host.stopping.reason);
  host.stopping.addEventListener('abort', onStopping, { once: true });
  if (host.stopping.aborted) onStopping();

  const [traceparent] = call.metadata.get('traceparent');
  const traceId = parseTraceparent(traceparent?.toString()) ?? newTraceId();
  const log = host.log.child({ traceId, method: call.getPath() });
  return {
    context: { signal: ending.signal, deadlineMs, traceId, log },
    close: () => {
      clearTimeout(timer);
      host.stopping.removeEventListener('abort', onStopping);
    },
  };
}

/** Returns the status of a failed call. Logs our own defects with their stack, which the client never sees. */
function describe(thrown: unknown, { signal, traceId, log }: CallContext) {
  // An aborted wait may throw anything; the signal has the reason.
  const error = signal.aborted && !(thrown instanceof CycloramaError) ? signal.reason : thrown;
  if (!(error instanceof CycloramaError)) log.error({ err: error }, 'defect');
  const status = toStatus(error, traceId);
  return { name: 'RpcError', message: status.details, ...status };
}
