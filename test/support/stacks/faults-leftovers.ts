import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Files below a folder, relative to it, in order; what goes away meanwhile is left out. */
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

/** Files of attempts in the scratch folders of running workers: what is no worker's own mark. */
export function tasksInScratch(scratch: string): string[] {
  return filesBelow(scratch).filter((file) => /\/task-|\/(in|out)\//.test(file));
}

/** Processes that name a folder in command line, environment or working directory, zombies left out. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      [read(pid, 'cmdline'), read(pid, 'environ'), workingFolder(pid)].some((text) => text.includes(folder)),
    )
    .map((pid) => `${pid}: ${read(pid, 'cmdline').replaceAll('\0', ' ')}`);
}

/** What a process shows; empty where it is gone meanwhile, or a zombie. */
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
