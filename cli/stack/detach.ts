import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDataDir, dataDir, ROOT } from './data-dir.ts';
import { boundLog } from './log-file.ts';
import type { StackOptions } from './stack.ts';
import type { SupervisorReport } from './supervisor.ts';

const SUPERVISOR = fileURLToPath(new URL('./supervisor.ts', import.meta.url));

/** Starts the stack in a process that outlives this one; resolves when every part is ready. */
export function startDetached(
  options: Pick<StackOptions, 'data' | 'portBase' | 'remoteStore'>,
  onMessage: (message: string) => void,
): Promise<void> {
  const dir = dataDir(options.data);
  createDataDir(dir);
  const file = join(dir.logs, 'supervisor.log');
  boundLog(file);
  const log = openSync(file, 'a', 0o600);
  const child = spawn(process.execPath, [SUPERVISOR, JSON.stringify({ ...options, data: dir.root })], {
    cwd: ROOT,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    child.on('message', (report: SupervisorReport) => {
      if (report.kind === 'message') return onMessage(report.text);
      child.unref();
      if (report.kind === 'ready') resolve();
      else reject(new Error(report.text));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`the stack's supervisor ended (${signal ?? `exit code ${code}`}); its log: ${file}`)),
    );
  });
}
