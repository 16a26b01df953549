import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** The decoding process prints this answer on its standard output, as one line of JSON. */
export type DecodeAnswer =
  | { kind: 'done'; decoded: string[]; warnings: string[] }
  | { kind: 'failed'; message: string; code?: string }
  | { kind: 'out-of-memory' };

/*
 * Decoding blocks, so it runs in its own thread. The main thread watches standard input, which closes when the parent
 * dies, even by SIGKILL.
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
  // The import is here because the main thread does not need the decoders.
  const { decodeDocument } = await import('./decode-document.ts');
  const report = await decodeDocument(inputPath, outputPath);
  parentPort!.postMessage({ kind: 'done', ...report } satisfies DecodeAnswer);
}

function answer(answered: DecodeAnswer): void {
  process.stdout.write(`${JSON.stringify(answered)}\n`, () => process.exit(0));
}
