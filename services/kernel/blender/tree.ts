import { readdir, readFile } from 'node:fs/promises';

/** Finds all descendants of a process, nearest first; returns none if /proc does not show them. */
export async function descendants(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>();
  for (const [child, parent] of await readParents()) {
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found = [...(children.get(pid) ?? [])];
  for (const next of found) found.push(...(children.get(next) ?? []));
  return found;
}

async function readParents(): Promise<[number, number][]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(pids.map(async (pid) => [pid, await readParent(pid)] as const));
  return parents.filter((pair): pair is [number, number] => pair[1] !== undefined);
}

async function readParent(pid: number): Promise<number | undefined> {
  const parent = (await readStat(pid))[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Sums the processor time of processes so far, in ticks of 10 ms; ended processes count 0. */
export async function cpuTicks(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map(readStat));
  return stats.reduce((sum, stat) => sum + Number(stat[11] ?? 0) + Number(stat[12] ?? 0), 0);
}

/** Reads the fields of /proc/PID/stat from the state on, which is field 3 in proc(5). */
async function readStat(pid: number): Promise<string[]> {
  const stat = await readProc(pid, 'stat');
  // The name in parentheses may contain spaces and parentheses; the other fields follow the last parenthesis.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
}

/** Sums the resident memory of processes in bytes; ended processes count 0. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const statuses = await Promise.all(pids.map((pid) => readProc(pid, 'status')));
  return statuses.reduce((sum, status) => sum + Number(status?.match(/^VmRSS:\s+(\d+) kB$/m)?.[1] ?? 0) * 1024, 0);
}

/** Reads how often the kernel killed a process of our control group for memory; 0 if it does not say. */
export async function readOutOfMemoryKills(): Promise<number> {
  const events = await readFile('/sys/fs/cgroup/memory.events', 'utf8').catch(() => '');
  return Number(events.match(/^oom_kill (\d+)$/m)?.[1] ?? 0);
}

/** Sends a signal to a process, or to a group by its negated id; returns false if it no longer exists. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function readProc(pid: number, name: string): Promise<string | undefined> {
  // A process may end between listing and reading; then its file is gone.
  return readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => undefined);
}
