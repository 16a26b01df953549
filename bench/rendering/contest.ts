import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../cli/connect/connection.ts';
import { freePortBase } from '../../cli/stack/ports.ts';
import { startStack } from '../../cli/stack/stack.ts';
import type { ObjectStore } from '../../services/kernel/store/types.ts';
import type { AssetFile } from '../analysis/files.ts';
import { markdownTable, spread } from '../figures.ts';
import { BUCKET, openService } from './ours.ts';
import { MODALITIES, openRival, type Rival } from './rivals.ts';

/** What is compared, and how often. */
export interface ContestSettings {
  assets: number;
  rounds: number;
  samples: number;
  rivals: string[];
}

/** Seconds of one round over all assets. */
interface Round {
  ours: number;
  rivals: Map<string, number>;
}

/**
 * Renders the same assets from a bucket into a bucket, by our service and by each rival in turn, round after round;
 * returns a report. Everybody has a warm start but those whose way it is to start anew; the order turns round with each
 * round.
 */
export async function contest(
  files: AssetFile[],
  { assets, rounds, samples, rivals }: ContestSettings,
): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'cyclorama-bench-'));
  const stack = await startStack({ data, portBase: await freePortBase() });
  const { discovery, rendering, analysis } = stack.endpoints;
  const endpoint = [`discovery=${discovery}`, `rendering=${rendering}`, `analysis=${analysis}`];
  const connection = connect({ data, endpoint }, {});
  const { signal } = new AbortController();
  try {
    const { store } = await connection.store();
    const keys = await upload(store, files, assets, signal);
    const service = await openService(connection, samples, signal);
    await service.run(keys, 'warm-up');
    const results: Round[] = [];
    for (let number = 0; number < rounds; number++) {
      const round: Round = { ours: 0, rivals: new Map() };
      const turns = [
        async () => {
          round.ours = await service.run(keys, `ours-${number}`);
        },
        ...rivals.map((name) => async () => {
          round.rivals.set(name, await timeRival(name, samples, { store, keys, folder: join(data, 'rival') }, signal));
        }),
      ];
      for (const turn of number % 2 === 0 ? turns : turns.toReversed()) await turn();
      results.push(round);
      console.error(`round ${number + 1} of ${rounds}`);
    }
    return report(results, { assets, rivals, stages: service.stages() });
  } finally {
    connection.close();
    await stack.stop();
    await rm(data, { recursive: true, force: true });
  }
}

interface Way {
  store: ObjectStore;
  keys: string[];
  folder: string;
}

async function timeRival(name: string, samples: number, way: Way, signal: AbortSignal): Promise<number> {
  const rival = await openRival(name, samples);
  try {
    const start = performance.now();
    for (const key of way.keys) await renderOne(rival, name, key, way, signal);
    return (performance.now() - start) / 1000;
  } finally {
    await rival.close();
  }
}

/** Bucket to bucket, as a script does it: fetch, render, send, next. */
async function renderOne(
  rival: Rival,
  name: string,
  key: string,
  { store, folder }: Way,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const input = join(folder, 'asset.glb');
  await store.download({ bucket: BUCKET, key }, input, { maxBytes: 2 ** 30 }, signal);
  await rival.render(input, folder);
  await Promise.all(
    MODALITIES.map((modality) =>
      store.write(
        { bucket: BUCKET, key: `${name}/${key}/render_${modality}.png` },
        { path: join(folder, `render_${modality}.png`) },
        { condition: 'always', contentType: 'image/png' },
        signal,
      ),
    ),
  );
  await rm(folder, { recursive: true });
}

async function upload(store: ObjectStore, files: AssetFile[], count: number, signal: AbortSignal): Promise<string[]> {
  await store.createBucket(BUCKET, signal);
  const keys: string[] = [];
  for (let number = 0; number < count; number++) {
    const key = `assets/${String(number).padStart(4, '0')}.glb`;
    const options = { condition: 'always' as const, contentType: 'model/gltf-binary' };
    await store.write({ bucket: BUCKET, key }, { path: files[number % files.length]!.path }, options, signal);
    keys.push(key);
  }
  return keys;
}

interface ReportFacts {
  assets: number;
  rivals: string[];
  stages: Map<string, number[]>;
}

function report(rounds: Round[], { assets, rivals, stages }: ReportFacts): string {
  const perAsset = (seconds: number[]): string =>
    spread(
      seconds.map((sum) => sum / assets),
      2,
    );
  const rows = rivals.map((name) => [
    name,
    perAsset(rounds.map((round) => round.rivals.get(name)!)),
    spread(
      rounds.map((round) => round.rivals.get(name)! / round.ours),
      2,
    ),
  ]);
  return [
    `${assets} assets, ${rounds.length} rounds, bucket to bucket`,
    '',
    markdownTable([
      ['way', 'seconds an asset', 'times ours'],
      ['ours', perAsset(rounds.map(({ ours }) => ours)), '1'],
      ...rows,
    ]),
    '',
    markdownTable([
      ['our stage', 'ms an asset'],
      ...[...stages].map(([stage, seconds]) => [stage, spread(seconds.map((value) => value * 1000))]),
    ]),
  ].join('\n');
}
