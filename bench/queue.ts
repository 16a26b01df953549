import { parseArgs } from 'node:util';
import { markdownTable, quantile } from './figures.ts';
import { describeMachine } from './machine.ts';
import { type Contestant, type RunOutcome, runOnce } from './queue/run.ts';
import type { StoreKind } from './queue/setting.ts';

// npm run bench:queue -- [--tasks 50000] [--peer-tasks 5000] [--rounds 3] [--slots 8] [--stores s3,memory,distant]
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '50000' },
    'peer-tasks': { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    slots: { type: 'string', default: '8' },
    stores: { type: 'string', default: 's3,memory,distant' },
    contestants: { type: 'string', default: 'cyclorama,one by one' },
  },
});
const STORES: Record<StoreKind, string> = {
  s3: 'Records in the local S3 server',
  memory: "Records in memory: the bus's own rate",
  distant: 'Records in memory, every request to the store 20 ms long, as with S3 in the same region',
};
const slots = Number(values.slots);
const contestants = values.contestants.split(',') as Contestant[];

console.log(`${describeMachine()}\n`);
for (const store of values.stores.split(',') as StoreKind[]) {
  const outcomes = new Map<Contestant, RunOutcome[]>(contestants.map((contestant) => [contestant, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    // The two alternate, and the first one changes with each round, so that a busy neighbour hits both.
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const tasks = Number(contestant === 'cyclorama' ? values.tasks : values['peer-tasks']);
      const outcome = await runOnce(contestant, { tasks, store, slots });
      outcomes.get(contestant)!.push(outcome);
      console.error(`${store} ${contestant} round ${round + 1}: ${rates(outcome).committed.toFixed(0)} records/s`);
    }
  }
  console.log(`${STORES[store]}:\n`);
  console.log(`${rateTable(outcomes)}\n\n${ratioLine(outcomes)}\n\n${usageTable(outcomes)}\n`);
}

function rates({ stamps, startMs, endMs }: RunOutcome): Record<'committed' | 'acked' | 'counted', number> {
  const until = (endMsOf: number): number => (stamps.acked.length / (endMsOf - startMs)) * 1000;
  const last = (times: Float64Array): number => times.reduce((a, b) => Math.max(a, b));
  return { committed: until(last(stamps.committed)), acked: until(last(stamps.acked)), counted: until(endMs) };
}

function rateTable(outcomes: Map<Contestant, RunOutcome[]>): string {
  const rows = [...outcomes].map(([contestant, runs]) => {
    const rate = (of: keyof ReturnType<typeof rates>): string => shown(runs.map((run) => rates(run)[of]));
    const latencies = runs.map(({ stamps }) => stamps.acked.map((acked, task) => acked - stamps.enqueued[task]!));
    const latency = (q: number): string => shown(latencies.map((all) => quantile(all, q)));
    return [
      contestant,
      String(runs[0]!.stamps.acked.length),
      rate('committed'),
      rate('acked'),
      rate('counted'),
      latency(0.5),
      latency(0.99),
    ];
  });
  return markdownTable([
    ['', 'tasks', 'record committed /s', 'acked /s', 'job ended /s', 'enqueue to ack p50 ms', 'p99 ms'],
    ...rows,
  ]);
}

/** Compares the rates of acked tasks round by round. */
function ratioLine(outcomes: Map<Contestant, RunOutcome[]>): string {
  const [ours = [], peer = []] = [outcomes.get('cyclorama'), outcomes.get('one by one')];
  const ratios = peer.flatMap((run, round) => (ours[round] ? [rates(ours[round]).acked / rates(run).acked] : []));
  return `Acked tasks a second, cyclorama against one by one: ${shown(ratios, 1)} times`;
}

function usageTable(outcomes: Map<Contestant, RunOutcome[]>): string {
  const rows = [...outcomes].flatMap(([contestant, runs]) =>
    [...runs[0]!.usage.keys()].map((name) => {
      const of = runs.map((run) => ({ ...run.usage.get(name)!, tasks: run.stamps.acked.length }));
      return [
        `${contestant}: ${name}`,
        ...(['startMib', 'peakMib', 'endMib'] as const).map((field) => shown(of.map((usage) => usage[field]))),
        shown(
          of.map(({ cpuSeconds, tasks }) => (cpuSeconds / tasks) * 1000),
          2,
        ),
      ];
    }),
  );
  return markdownTable([['process', 'memory at start MiB', 'most', 'at end', 'processor ms a task'], ...rows]);
}

/** Prints the median of the rounds with the least and the most. */
function shown(values: number[], digits = 0): string {
  const [least, middle, most] = [0, 0.5, 1].map((q) => quantile(values, q).toFixed(digits));
  return values.length === 1 ? middle! : `${middle} (${least}..${most})`;
}
