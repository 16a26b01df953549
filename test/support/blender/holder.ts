import { BlenderPool } from '../../../services/kernel/blender/pool.ts';
import { createLauncher } from '../../../services/kernel/blender/sandbox.ts';

// This worker is killed by a test. It warms one Blender, prints its process id, and keeps it busy or idle for ever.
const [python = '', runtimeDir = '', scratchDir = '', sandbox = 'auto', inputPath = ''] = process.argv.slice(2);
const program = { python, runtimeDir, threads: 1, deviceEnvironment: {}, kernelCacheDir: undefined };
const launcher = await createLauncher(sandbox === 'off' ? 'off' : 'auto', program);
const pool = new BlenderPool({
  launch: launcher.launch,
  scratchDir,
  slots: 1,
  process: { readyTimeoutMs: 60_000, memoryBytes: 2 ** 33 },
  recycle: { maxAssets: 1_000, softMemoryBytes: 2 ** 33 },
  onRestart: () => {},
  onBusy: () => {},
});
const { signal } = new AbortController();
await pool.start(signal);
const say = (): void => console.log(`${pool.pids[0]}`);
if (inputPath === '') {
  say();
  setInterval(() => {}, 1 << 30);
} else {
  await pool.withBlender(signal, (blender) => {
    const onStage = (stage: string): void => void (stage === 'import' && say());
    const task = { inputPath, traceId: 'held', op: { $case: 'inspect' as const, value: {} } };
    return blender.run(task, { signal, deadlineMs: 600_000, stallMs: 600_000, onStage });
  });
}
