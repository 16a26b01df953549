import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { BlenderResult, Inspection } from '../../gen/cyclorama/blender/v1/blender.ts';
import { readTools } from '../../scripts/tools.mjs';
import type { BlenderLease } from '../../services/kernel/blender/pool.ts';
import { descendants } from '../../services/kernel/blender/tree.ts';
import type { RunLimits } from '../../services/kernel/blender/watch.ts';
import { boxGlb, brokenGlbs, emptyGlb } from '../support/assets/glb.ts';
import {
  AMPLE,
  isRunning,
  isThere,
  NEVER,
  realLauncher,
  temporaryFolder,
  testPool,
} from '../support/blender/blender.ts';
import { until } from '../support/poll.ts';

/** About 600,000 vertices: an import of some hundred milliseconds and some hundred megabytes. */
let heavyGlb: Buffer;
beforeAll(() => {
  heavyGlb = boxGlb({ divisions: 315 });
});

async function inspect(blender: BlenderLease, content: Buffer, limits: RunLimits = AMPLE): Promise<BlenderResult> {
  const inputPath = join(blender.inputDir, 'asset.glb');
  await writeFile(inputPath, content);
  return blender.run({ inputPath, traceId: 'trace-1', op: { $case: 'inspect', value: {} } }, limits);
}

function inspection(result: BlenderResult): Inspection {
  if (result.result?.$case !== 'inspection') throw new Error(`expected an inspection, got ${result.result?.$case}`);
  return result.result.value;
}

describe.each(['auto', 'off'] as const)('Blender with sandbox %s', (mode) => {
  test('is measured right: counts, box in Blender axes, materials', async () => {
    const { pool } = await testPool((await realLauncher(mode)).launch);
    const content = boxGlb({
      divisions: 2,
      size: [1, 2, 3],
      materials: ['Zinc', 'Amber'],
      translations: [
        [0, 0, 0],
        [5, 0, 0],
      ],
    });
    const result = await pool.withBlender(NEVER, (blender) => inspect(blender, content));
    expect(inspection(result)).toMatchObject({
      vertices: 108n,
      faces: 96n,
      triangles: 96n,
      quads: 0n,
      ngons: 0n,
      meshObjects: 2n,
      materialNames: ['Amber', 'Zinc'],
    });
    const { boundsMin, boundsMax } = inspection(result);
    expect([boundsMin?.x, boundsMin?.y, boundsMin?.z]).toEqual(
      [-0.5, -1.5, -1].map((value) => expect.closeTo(value, 5)),
    );
    expect([boundsMax?.x, boundsMax?.y, boundsMax?.z]).toEqual([5.5, 1.5, 1].map((value) => expect.closeTo(value, 5)));
  });

  test('stays warm over broken files, each with its reason', async () => {
    const { pool, restarts } = await testPool((await realLauncher(mode)).launch);
    for (const [name, content] of Object.entries(brokenGlbs())) {
      const failed = pool.withBlender(NEVER, (blender) => inspect(blender, content));
      const reason = name === 'empty' ? 'invalid_asset' : 'import_failed';
      await expect(failed, name).rejects.toMatchObject({ reason, detail: { stage: 'import' } });
    }
    const nothing = inspection(await pool.withBlender(NEVER, (blender) => inspect(blender, emptyGlb())));
    expect(nothing).toMatchObject({ meshObjects: 0n, boundsMin: undefined });
    expect(restarts).toEqual([]);
  });

  test('is ended with everything in it when a task is called off in mid-import', async () => {
    const { pool } = await testPool((await realLauncher(mode)).launch);
    await pool.start(NEVER);
    const [pid = 0] = pool.pids;
    const members = [pid, ...(await descendants(pid))];
    const controller = new AbortController();
    const limits = { ...AMPLE, signal: controller.signal, onStage: () => controller.abort() };
    const failed = pool.withBlender(controller.signal, (blender) => inspect(blender, heavyGlb, limits));
    await expect(failed).rejects.toMatchObject({ reason: 'cancelled' });
    expect(members.filter(isThere)).toEqual([]);
  });

  test('that is killed from outside is a crash with its signal, and the next task works', async () => {
    const { pool } = await testPool((await realLauncher(mode)).launch);
    await pool.start(NEVER);
    const [pid = 0] = pool.pids;
    const innermost = (await descendants(pid)).at(-1) ?? pid;
    const onStage = (stage: string): void => void (stage === 'import' && process.kill(innermost, 'SIGSEGV'));
    const failed = pool.withBlender(NEVER, (blender) => inspect(blender, heavyGlb, { ...AMPLE, onStage }));
    await expect(failed).rejects.toMatchObject({
      reason: 'blender_crash',
      detail: { signal: 'SIGSEGV', stage: 'import' },
    });
    expect(inspection(await pool.withBlender(NEVER, (blender) => inspect(blender, boxGlb()))).vertices).toBe(24n);
  });

  test('is ended when it grows over its memory limit', async () => {
    const process = { readyTimeoutMs: 60_000, memoryBytes: 340 * 2 ** 20, memoryPollMs: 10 };
    const { pool } = await testPool((await realLauncher(mode)).launch, { process });
    const failed = pool.withBlender(NEVER, (blender) => inspect(blender, heavyGlb));
    await expect(failed).rejects.toMatchObject({ reason: 'blender_out_of_memory' });
  });

  test.each(['idle', 'busy'])('does not outlive a worker that is killed while Blender is %s', async (how) => {
    const scratchDir = await temporaryFolder();
    const inputPath = how === 'idle' ? '' : join(scratchDir, 'slot-0', 'heavy.glb');
    const holder = fileURLToPath(new URL('../support/blender/holder.ts', import.meta.url));
    const runtime = fileURLToPath(new URL('../../blender-runtime', import.meta.url));
    if (how === 'busy') {
      await mkdir(dirname(inputPath));
      await writeFile(inputPath, heavyGlb);
    }
    const worker = spawn(process.execPath, [holder, readTools().python, runtime, scratchDir, mode, inputPath], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void worker.kill('SIGKILL'));
    const pid = Number(await new Promise((resolve) => worker.stdout.once('data', resolve)));
    const members = [pid, ...(await descendants(pid))];
    expect(members.every(isThere)).toBe(true);
    worker.kill('SIGKILL');
    await until('Blender is gone', () => !members.some(isRunning));
  });
});
