import { readFileSync } from 'node:fs';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of a process, named as in Prometheus without prefix and `_total`. Labels never hold an id or a key. */
export type Metrics = ReturnType<typeof createMetrics>;

const CALL_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 600];
const STAGE_SECONDS = [0.01, 0.05, 0.2, 0.5, 1, 2, 5, 15, 60, 300, 1800];

/** Creates the metrics of one process on a registry of their own, so that several can live in one test. */
export function createMetrics(service: string) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // promtool refuses these gauges, whose names end like a counter's. They are sums of other gauges, which stay.
  for (const kind of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });

  const metrics = {
    registry,
    ...workMetrics(counter, gauge, histogram),
    grpcServerStarted: counter('grpc_server_started_total', 'Calls begun.', [
      'grpc_type',
      'grpc_service',
      'grpc_method',
    ]),
    grpcServerHandled: counter('grpc_server_handled_total', 'Calls ended, by status code.', [
      'grpc_type',
      'grpc_service',
      'grpc_method',
      'grpc_code',
    ]),
    grpcServerHandlingSeconds: histogram(
      'grpc_server_handling_seconds',
      'Time from the start of a call to its status.',
      ['grpc_type', 'grpc_service', 'grpc_method'],
      CALL_SECONDS,
    ),
  };
  gauge('cyclorama_build_info', 'Always 1; the labels say what runs.', ['service', 'version', 'node']).set(
    { service, version: readVersion(), node: process.versions.node },
    1,
  );
  for (const direction of ['in', 'out']) metrics.s3Bytes.inc({ direction }, 0);
  return metrics;
}

type MakeCounter = <Label extends string>(name: string, help: string, labels: Label[]) => Counter<Label>;
type MakeGauge = <Label extends string>(name: string, help: string, labels: Label[]) => Gauge<Label>;
type MakeHistogram = <Label extends string>(
  name: string,
  help: string,
  labels: Label[],
  buckets: number[],
) => Histogram<Label>;

function workMetrics(counter: MakeCounter, gauge: MakeGauge, histogram: MakeHistogram) {
  return {
    tasksTotal: counter('cyclorama_tasks_total', 'Tasks ended, by outcome; reason is empty unless they failed.', [
      'queue',
      'outcome',
      'reason',
    ]),
    taskStageSeconds: histogram(
      'cyclorama_task_stage_seconds',
      'Time a task spent in a stage.',
      ['queue', 'stage'],
      STAGE_SECONDS,
    ),
    queuePending: gauge('cyclorama_queue_pending', 'Tasks in the queue that no worker holds.', ['queue', 'lane']),
    queueInFlight: gauge('cyclorama_queue_in_flight', 'Tasks that workers hold.', ['queue']),
    assetsDiscovered: counter('cyclorama_assets_discovered_total', 'Assets that listings and scans gave out.', []),
    s3Bytes: counter('cyclorama_s3_bytes_total', 'Bytes of object bodies moved.', ['direction']),
    s3Requests: counter('cyclorama_s3_requests_total', 'Requests to the store, by operation and answer.', [
      'op',
      'code',
    ]),
    framesRendered: counter('cyclorama_frames_rendered_total', 'Images rendered, by what Cycles computed on.', [
      'queue',
      'device',
    ]),
    blenderRestarts: counter('cyclorama_blender_restarts_total', 'Blender processes replaced, by reason.', ['reason']),
    blenderBusySeconds: counter('cyclorama_blender_busy_seconds_total', 'Time Blender worked on tasks.', ['device']),
  };
}

function readVersion(): string {
  const packageFile = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version;
}
