import type { DataDir } from './data-dir.ts';
import type { StackEndpoints, StackState } from './endpoints.ts';
import { SERVICES } from './services.ts';

/** Writes the endpoints for people. */
export function describeEndpoints(endpoints: StackEndpoints, dir: DataDir): string {
  const rows: [string, string][] = [
    ...SERVICES.map(({ name }): [string, string] => [
      name,
      `${endpoints[name]}   metrics ${endpoints.http[name]}/metrics`,
    ]),
    ['worker', `metrics ${endpoints.http.worker}/metrics`],
    ['nats', `${endpoints.nats}   monitor ${endpoints.natsMonitor}`],
    ...describeStore(endpoints, dir),
    ['logs', dir.logs],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(10)} ${value}`).join('\n');
}

function describeStore({ s3, remoteStore }: StackEndpoints, dir: DataDir): [string, string][] {
  if (remoteStore) return [['s3', 'the store that the environment names']];
  return [
    ['s3', `${s3.endpoint}   keys in ${dir.credentials}`],
    ['buckets', `${dir.buckets}/ (one folder each)`],
  ];
}

/** Writes one line for each part: its state, process and restarts. */
export function describeParts({ parts }: StackState): string {
  return parts
    .map(({ name, state, pid, restarts }) => {
      const process = pid === undefined ? '' : `process ${pid}`;
      const again = restarts === 0 ? '' : `, ${restarts} restarts`;
      return `  ${name.padEnd(10)} ${state.padEnd(10)} ${process}${again}`.trimEnd();
    })
    .join('\n');
}
