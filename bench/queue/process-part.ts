import type { RunSettings, Stamps } from './setting.ts';

/** The work of a process of the benchmark once it is ready. */
export interface Part {
  /** Does its share of the run; a part that only serves the others until its end has none. */
  run?(): Promise<Stamps & { startMs?: number; endMs?: number }>;
  close(): Promise<Stamps>;
}

/** The messages that a part sends to the benchmark. */
export type Told =
  | { told: 'ready'; runs: boolean }
  | { told: 'done' | 'closed'; stamps: Stamps; startMs?: number; endMs?: number };

/** Makes this process one part of a run: it reports that it is ready, then runs and closes when it is ordered to. */
export async function runPart(create: (settings: RunSettings) => Promise<Part>): Promise<void> {
  const settings = JSON.parse(process.argv[2]!) as RunSettings;
  const part = await create(settings);
  const tell = (message: Told): Promise<void> =>
    new Promise((resolve, reject) =>
      process.send!(message, (error: Error | null) => (error ? reject(error) : resolve())),
    );
  process.on('message', async (order: 'run' | 'close') => {
    if (order === 'run') {
      const { startMs, endMs, ...stamps } = await part.run!();
      await tell({ told: 'done', stamps, ...(startMs && endMs ? { startMs, endMs } : {}) });
    } else {
      await tell({ told: 'closed', stamps: await part.close() });
      process.exit(0);
    }
  });
  // The process that started this one is gone.
  process.on('disconnect', () => process.exit(1));
  await tell({ told: 'ready', runs: part.run !== undefined });
}
