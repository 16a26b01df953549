import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { DataDir } from './data-dir.ts';
import { identify, isRunning, type ProcessId } from './process-id.ts';

/** Finds the process that runs the stack of a data folder; undefined if none does, even if a stale file is left. */
export function readHolder(dir: DataDir): ProcessId | undefined {
  const holder = parseHolder(dir);
  return holder && isRunning(holder) ? holder : undefined;
}

/** Claims a data folder for this process; returns the holder if another process has it. */
export function claim(dir: DataDir): ProcessId | undefined {
  const mine = identify(process.pid);
  const draft = `${dir.holder}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine));
  try {
    // link() fails if the name exists, and creates the whole file at once.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (tryLink(draft, dir.holder)) return undefined;
      const other = readHolder(dir);
      if (other) return other;
      // If two processes find a stale file, one moves it and the other finds nothing to move.
      renameIfThere(dir.holder, `${draft}.stale`);
    }
  } finally {
    rmSync(draft, { force: true });
    rmSync(`${draft}.stale`, { force: true });
  }
  throw new Error(`could not claim '${dir.root}': '${dir.holder}' keeps changing; expected at most one 'up' at a time`);
}

/** Releases a claimed data folder. */
export function release(dir: DataDir): void {
  if (parseHolder(dir)?.pid === process.pid) rmSync(dir.holder, { force: true });
}

function parseHolder(dir: DataDir): ProcessId | undefined {
  try {
    return JSON.parse(readFileSync(dir.holder, 'utf8')) as ProcessId;
  } catch (error) {
    // The file is absent, or the machine went down while it was written: no process holds the folder.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
