import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Lists the files below a folder, relative to it, in order. Skips files that are removed meanwhile. */
export function filesBelow(folder: string): string[] {
  const files = entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path).map((file) => join(entry.name, file)) : [entry.name];
  });
  return files.sort();
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Lists the files of attempts in the scratch folders of running workers. */
export function tasksInScratch(scratch: string): string[] {
  return filesBelow(scratch).filter((file) => /\/task-|\/(in|out)\//.test(file));
}

/** Lists the processes, without zombies, that name a folder in command line, environment or working directory. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      [read(pid, 'cmdline'), read(pid, 'environ'), workingFolder(pid)].some((text) => text.includes(folder)),
    )
    .map((pid) => `${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

/** Reads a file of a process in /proc; empty if the process has ended or is a zombie. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
