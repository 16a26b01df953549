import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Describes the machine in general words, and how busy it is with other work. */
export function describeMachine(): string {
  const [load = 0] = loadavg();
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const cores = `${availableParallelism()} cores (${cpus()[0]?.model})`;
  const software = `Node ${process.versions.node}, commit ${readCommit()}`;
  return `${cores}, ${gigabytes} GB, ${software}, load before the run ${load.toFixed(1)}`;
}

/** The memory and processor time that a process took during a measurement. */
export interface Usage {
  startMib: number;
  peakMib: number;
  endMib: number;
  cpuSeconds: number;
}

/** Looks at a process now; returns a function that looks again and returns the usage since. */
export function meterProcess(pid: number): () => Usage {
  const [startMib, startSeconds] = [readMib(pid, 'VmRSS'), readCpuSeconds(pid)];
  return () => ({
    startMib,
    peakMib: readMib(pid, 'VmHWM'),
    endMib: readMib(pid, 'VmRSS'),
    cpuSeconds: readCpuSeconds(pid) - startSeconds,
  });
}

function readMib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}

/** Reads the processor seconds of a process, user and system. */
function readCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th fields after it, in ticks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function readCommit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  return git('describe', '--always', '--dirty');
}
