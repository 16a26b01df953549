import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 5_000;
/** A holder on another machine counts as gone if it has not touched its lock for this long. */
const STALE_MS = 60_000;

/**
 * Runs `work` while holding the lock file, so that two set-ups on one cache wait for each other.
 * Takes over a lock whose process has died; throws if the deadline passes while it waits.
 */
export async function withLock(file, work, { deadlineMs = 1_200_000, onWait = () => {} } = {}) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, host: hostname(), start: processStart(process.pid) });
  const giveUpAt = Date.now() + deadlineMs;
  let reported = false;
  while (!tryCreate(file, mine)) {
    const holder = readHolder(file);
    if (holder !== undefined && isGone(file, holder)) {
      removeStale(file, holder);
      continue;
    }
    if (Date.now() > giveUpAt) {
      const other = `another set-up (${holder ?? 'unknown'})`;
      throw new Error(`${other} has held ${file} for ${deadlineMs / 1000} s; end it, or remove that file`);
    }
    if (!reported) onWait();
    reported = true;
    await sleep(250);
  }
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (readHolder(file) === mine) rmSync(file, { force: true });
  }
}

function tryCreate(file, content) {
  try {
    writeFileSync(file, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isGone(file, holder) {
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  // An empty file was created just now and is not written yet, or it never will be.
  if (holder === '') return age > STALE_MS;
  const { pid, host, start } = JSON.parse(holder);
  // A holder on this machine cannot touch its lock while the machine sleeps, so only its process counts.
  return host === hostname() ? processStart(pid) !== start : age > STALE_MS;
}

/** Moves the lock aside and then removes it, so that of two processes that find it stale, only one removes it. */
function removeStale(file, holder) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readHolder(aside) === holder) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

/** Reads the start time of a process in clock ticks, which reveals a reused pid; undefined if it does not run. */
function processStart(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie is dead but not reaped yet.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    try {
      process.kill(pid, 0);
      return 'running';
    } catch (error) {
      return error.code === 'EPERM' ? 'running' : undefined;
    }
  }
}
