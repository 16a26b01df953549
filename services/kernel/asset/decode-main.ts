import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** What the decoding process prints on its standard output, as one line of JSON. */
export type DecodeAnswer =
  | { kind: 'done'; decoded: string[]; warnings: string[] }
  | { kind: 'failed'; message: string; code?: string }
  | { kind: 'out-of-memory' };

/*
 * Decoding runs in a thread of its own, since it blocks; the main thread stays free to notice that standard input has
 * closed, which means that the parent is gone, even by SIGKILL.
 */
if (isMainThread) {
  const [inputPath, outputPath, memoryMb] = process.argv.slice(2);
  process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL')).resume();
  const thread = new Worker(new URL(import.meta.url), {
    workerData: { inputPath, outputPath },
    resourceLimits: { maxOldGenerationSizeMb: Number(memoryMb) },
  });
  thread.on('message', answer);
  thread.on('error', (error: NodeJS.ErrnoException) =>
    answer(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? { kind: 'out-of-memory' }
        : { kind: 'failed', message: error.message, ...(error.code === undefined ? {} : { code: error.code }) },
    ),
  );
} else {
  const { inputPath, outputPath } = workerData as { inputPath: string; outputPath: string };
  // Only here: the main thread would load the decoders for nothing.
  const { decodeDocument } = await import('./decode-document.ts');
  const report = await decodeDocument(inputPath, outputPath);
  parentPort!.postMessage({ kind: 'done', ...report } satisfies DecodeAnswer);
}

function answer(answered: DecodeAnswer): void {
  process.stdout.write(`${JSON.stringify(answered)}\n`, () => process.exit(0));
}
