import { type Stack, type StackOptions, startStack } from './stack.ts';

/** Messages from the supervisor to `up --detach`. */
export type SupervisorReport = { kind: 'message'; text: string } | { kind: 'ready' } | { kind: 'error'; text: string };

// Runs the stack after `up --detach` has ended. The command waits until the stack is ready; if it is interrupted
// before, its channel closes and the supervisor stops the start.
const starting = new AbortController();
let stack: Stack | undefined;

const report = (message: SupervisorReport): void => {
  console.error(`${new Date().toISOString()} ${message.kind === 'ready' ? 'ready' : message.text}`);
  if (process.connected) process.send?.(message);
};
const end = async (): Promise<void> => {
  starting.abort(new Error('interrupted'));
  await stack?.stop();
};
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, end);
process.once('disconnect', () => {
  if (stack === undefined) starting.abort(new Error("'up' was interrupted"));
});

try {
  const options = JSON.parse(process.argv[2] ?? '{}') as StackOptions;
  stack = await startStack({
    ...options,
    onMessage: (text) => report({ kind: 'message', text }),
    signal: starting.signal,
  });
  if (starting.signal.aborted) await stack.stop();
  report({ kind: 'ready' });
} catch (error) {
  report({ kind: 'error', text: (error as Error).message });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
