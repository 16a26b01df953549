import { createReadStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toLines } from '../../store/lines.ts';

/** Values of this many characters are held in memory; then they are written to a file. */
const RUN_CHARACTERS = 8 * 1024 ** 2;

/** A value with its sort key. */
export interface Keyed<Value> {
  key: string;
  value: Value;
}

/**
 * Sorts plain JSON values by their keys, in the order of UTF-16 code units. Holds a bounded part of them in memory and
 * writes the rest to files in `folder`, which it removes.
 */
export async function* sortByKey<Value>(
  values: AsyncIterable<Keyed<Value>>,
  folder: string,
  runCharacters = RUN_CHARACTERS,
): AsyncGenerator<Value> {
  const files: string[] = [];
  let run: { key: string; line: string }[] = [];
  let characters = 0;
  const flush = async (): Promise<void> => {
    const path = join(folder, `sort-${files.length}`);
    files.push(path);
    await writeFile(path, `${sorted(run).join('\n')}\n`);
    run = [];
    characters = 0;
  };
  try {
    for await (const { key, value } of values) {
      const line = JSON.stringify([key, value]);
      run.push({ key, line });
      characters += line.length;
      if (characters >= runCharacters) await flush();
    }
    if (files.length === 0) for (const line of sorted(run)) yield parse<Value>(line).value;
    else {
      await flush();
      yield* merge(files.map((path) => readRun<Value>(path)));
    }
  } finally {
    for (const path of files) await rm(path, { force: true });
  }
}

function sorted(run: { key: string; line: string }[]): string[] {
  return run.sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))).map(({ line }) => line);
}

/** Merges sorted runs. It compares the heads of all runs for each value, because there are few runs. */
async function* merge<Value>(runs: AsyncGenerator<Keyed<Value>>[]): AsyncGenerator<Value> {
  const heads: { run: AsyncGenerator<Keyed<Value>>; head: Keyed<Value> }[] = [];
  try {
    for (const run of runs) {
      const first = await run.next();
      if (!first.done) heads.push({ run, head: first.value });
    }
    while (heads.length > 0) {
      let least = 0;
      for (let i = 1; i < heads.length; i++) if (heads[i]!.head.key < heads[least]!.head.key) least = i;
      const { run, head } = heads[least]!;
      yield head.value;
      const next = await run.next();
      if (next.done) heads.splice(least, 1);
      else heads[least]!.head = next.value;
    }
  } finally {
    await Promise.all(runs.map((run) => run.return(undefined)));
  }
}

async function* readRun<Value>(path: string): AsyncGenerator<Keyed<Value>> {
  for await (const lines of toLines(createReadStream(path))) {
    for (const line of lines) if (line !== '') yield parse<Value>(line);
  }
}

function parse<Value>(line: string): Keyed<Value> {
  const [key, value] = JSON.parse(line) as [string, Value];
  return { key, value };
}
