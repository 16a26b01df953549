import { EventEmitter, once } from 'node:events';
import { HealthService, HealthCheckResponse_ServingStatus as Serving } from '../../../gen/health/v1/health.ts';
import { CycloramaError } from '../failure.ts';
import { bindService, type RpcService } from './service.ts';

/** gRPC health of one server: '' is the process, the name of a service says whether that service takes calls. */
export interface Health {
  service: RpcService;
  setServing(serving: boolean): void;
  /** Reports NOT_SERVING for everything, and ends the watches, which would delay the server's end. */
  stop(): void;
}

/**
 * Creates the health service, in which all services begin as NOT_SERVING.
 * Unlike grpc-health-check's, its watches end.
 */
export function createHealth(serviceNames: string[]): Health {
  const changes = new EventEmitter().setMaxListeners(0);
  let serving = false;
  let stopped = false;

  const statusOf = (name: string): Serving => {
    if (name !== '' && !serviceNames.includes(name)) return Serving.SERVICE_UNKNOWN;
    return !stopped && (serving || name === '') ? Serving.SERVING : Serving.NOT_SERVING;
  };

  const service = bindService(HealthService, {
    async check({ service: name }) {
      const status = statusOf(name);
      if (status === Serving.SERVICE_UNKNOWN) {
        throw new CycloramaError(
          'service_not_found',
          `no service '${name}'; expected one of ${serviceNames.join(', ')}`,
        );
      }
      return { status };
    },
    async *watch({ service: name }, { signal }) {
      let sent: Serving | undefined;
      for (;;) {
        const status = statusOf(name);
        if (status !== sent) {
          sent = status;
          yield { status };
        } else if (stopped) {
          return;
        } else {
          await once(changes, 'change', { signal });
        }
      }
    },
    async list() {
      return { statuses: Object.fromEntries(['', ...serviceNames].map((name) => [name, { status: statusOf(name) }])) };
    },
  });

  return {
    service,
    setServing(now) {
      serving = now;
      changes.emit('change');
    },
    stop() {
      stopped = true;
      changes.emit('change');
    },
  };
}
