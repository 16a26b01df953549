import { createHash, timingSafeEqual } from 'node:crypto';
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { CycloramaError } from '../failure.ts';
import type { Log } from '../process/log.ts';
import type { Metrics } from '../process/metrics.ts';
import { formatTraceparent, newTraceId, parseTraceparent } from '../process/trace.ts';
import { toStatus } from './errors.ts';

/** Health checks need no token, because probes cannot send one. */
const OPEN_SERVICE = 'grpc.health.v1.Health';

type Method = Pick<ServerMethodDefinition<unknown, unknown>, 'path' | 'requestStream' | 'responseStream'>;

interface Observed {
  log: Log;
  metrics: Pick<Metrics, 'grpcServerStarted' | 'grpcServerHandled' | 'grpcServerHandlingSeconds'>;
  token: string | undefined;
}

/**
 * Intercepts every call: checks the shared token, counts the call and logs its end. It also gives the call a trace id,
 * which the handler reads from the metadata and the client gets back.
 */
export function createObserver({ log, metrics, token }: Observed): ServerInterceptor {
  const isKnown = token === undefined ? () => true : tokenCheck(token);
  return (method, call) => {
    const labels = toLabels(method);
    const begin = performance.now();
    let traceId = newTraceId();
    let ended = false;
    metrics.grpcServerStarted.inc(labels);

    const end = (code: status, details: string): void => {
      if (ended) return;
      ended = true;
      const seconds = (performance.now() - begin) / 1000;
      metrics.grpcServerHandled.inc({ ...labels, grpc_code: toCodeLabel(code) });
      metrics.grpcServerHandlingSeconds.observe(labels, seconds);
      const line = { method: method.path, code: status[code], seconds, traceId, peer: call.getPeer() };
      log[levelOf(code)](line, code === status.OK ? 'call done' : `call failed: ${details}`);
    };

    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            traceId = parseTraceparent(readHeader(metadata, 'traceparent')) ?? traceId;
            metadata.set('traceparent', formatTraceparent(traceId));
            if (labels.grpc_service === OPEN_SERVICE || isKnown(readHeader(metadata, 'authorization'))) {
              pass(metadata);
              return;
            }
            const refusal = toStatus(
              new CycloramaError(
                'unauthenticated',
                "expected the shared token in metadata 'authorization: Bearer ...'",
              ),
              traceId,
            );
            end(refusal.code, refusal.details);
            call.sendStatus(refusal);
          },
          // This is also called after a status that bypassed the interceptors, mostly from gRPC's own deadline timer.
          onCancel: () => {
            const late = Number(call.getDeadline()) <= Date.now();
            end(late ? status.DEADLINE_EXCEEDED : status.CANCELLED, late ? 'deadline exceeded' : 'client went away');
          },
        }),
      sendMetadata: (metadata, next) => {
        metadata.set('traceparent', formatTraceparent(traceId));
        next(metadata);
      },
      sendStatus: (sent, next) => {
        end(sent.code, sent.details);
        next(sent);
      },
    });
  };
}

/** Returns the metric labels of a method, named as in gRPC's other languages. */
export function toLabels(method: Method): { grpc_type: string; grpc_service: string; grpc_method: string } {
  const [, service = '', name = ''] = method.path.split('/');
  const streams = `${method.requestStream ? 'client' : ''}${method.responseStream ? 'server' : ''}`;
  const type = streams === '' ? 'unary' : streams === 'clientserver' ? 'bidi_stream' : `${streams}_stream`;
  return { grpc_type: type, grpc_service: service, grpc_method: name };
}

/** Writes a code as gRPC dashboards query it: `NOT_FOUND` becomes `NotFound`. */
export function toCodeLabel(code: status): string {
  if (code === status.OK) return 'OK';
  if (code === status.CANCELLED) return 'Canceled';
  const words = (status[code] ?? 'UNKNOWN').split('_');
  return words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join('');
}

function levelOf(code: status): 'debug' | 'info' | 'warn' {
  if (code === status.OK) return 'debug';
  const ours = [status.UNKNOWN, status.INTERNAL, status.UNAVAILABLE, status.DATA_LOSS, status.RESOURCE_EXHAUSTED];
  return ours.includes(code) ? 'warn' : 'info';
}

function readHeader(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}

/** Compares hashes, so that the time it takes shows neither the length of the token nor a matching beginning. */
function tokenCheck(token: string): (header: string | undefined) => boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const expected = hash(token);
  return (header) => timingSafeEqual(hash(/^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? ''), expected);
}
