import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

import { residentBytes } from '../blender/tree.ts';
import { toScratchError } from '../disk-fault.ts';
import { CycloramaError } from '../failure.ts';
import type { DecodeAnswer } from './decode-main.ts';

/** Limits of one decoding. */
export interface DecodeOptions {
  signal: AbortSignal;
  /** Time limit from now. */
  deadlineMs: number;
  /** Limit of resident memory. */
  memoryMb: number;
}

const PROGRAM = fileURLToPath(new URL('./decode-main.ts', import.meta.url));
const MEMORY_CHECK_MS = 100;
const MAX_ANSWER_BYTES = 2 ** 20;

/**
 * Decodes Draco, meshopt and KTX2 in a glTF that triage has passed, and writes a GLB that Blender reads.
 * A child process does the work, because crafted data can make decoders use any amount of time and memory. It ends
 * before this returns, or with its parent. An abort throws the signal's reason.
 */
export async function decodeAsset(
  inputPath: string,
  outputPath: string,
  options: DecodeOptions,
): Promise<{ decoded: string[]; warnings: string[] }> {
  const { signal, deadlineMs, memoryMb } = options;
  signal.throwIfAborted();
  const child = execa(process.execPath, [PROGRAM, inputPath, outputPath, String(memoryMb)], {
    stdin: 'pipe',
    cancelSignal: signal,
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
    reject: false,
    maxBuffer: MAX_ANSWER_BYTES,
    env: {},
    extendEnv: false,
  });
  const memory = watchMemory(child.pid, memoryMb, () => child.kill('SIGKILL'));
  const result = await child;
  memory.stop();
  const answer = result.exitCode === 0 ? parseAnswer(result.stdout) : undefined;
  if (answer?.kind === 'done') return { decoded: answer.decoded, warnings: answer.warnings };
  await rm(outputPath, { force: true });
  signal.throwIfAborted();
  if (result.timedOut) throw decodeError('decode_failed', `decoding took longer than ${deadlineMs} ms`);
  if (memory.exceeded() || answer?.kind === 'out-of-memory')
    throw decodeError('asset_too_large', `decoding needs more than ${memoryMb} MB of memory`);
  if (answer?.kind === 'failed') throw toDecodeError(answer);
  const how = result.signal ?? `exit code ${result.exitCode}`;
  throw decodeError('internal', `the decoding process ended by ${how}: ${String(result.stderr).slice(-500)}`);
}

/** Turns a failed answer into an error. If the disk failed, the asset is not at fault. */
function toDecodeError({ message, code }: DecodeAnswer & { kind: 'failed' }): unknown {
  const error = Object.assign(new Error(message), { code });
  const scratchError = toScratchError(error);
  return scratchError === error ? decodeError('decode_failed', message) : scratchError;
}

function decodeError(reason: 'decode_failed' | 'asset_too_large' | 'internal', message: string): CycloramaError {
  return new CycloramaError(reason, message, { stage: 'decode' });
}

function parseAnswer(stdout: string): DecodeAnswer | undefined {
  return stdout.startsWith('{') ? (JSON.parse(stdout) as DecodeAnswer) : undefined;
}

/** Watches the resident memory. Node limits its heap, but not WebAssembly's memory and array buffers. */
function watchMemory(
  pid: number | undefined,
  memoryMb: number,
  kill: () => void,
): { stop(): void; exceeded(): boolean } {
  let exceeded = false;
  const timer = setInterval(async () => {
    if ((await residentBytes(pid === undefined ? [] : [pid])) < memoryMb * 2 ** 20) return;
    exceeded = true;
    kill();
  }, MEMORY_CHECK_MS);
  return { stop: () => clearInterval(timer), exceeded: () => exceeded };
}
