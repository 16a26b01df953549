import { execa } from 'execa';
import { readTools } from '../../../scripts/tools.mjs';
import { withParentDeath } from '../../../services/kernel/process/parent-death.ts';

const TIMEOUT_MS = 60_000;

/** The exit code and the output of a foreign program. */
export interface Ended {
  code: number | undefined;
  out: string;
  err: string;
}

/** Runs grpcurl with these arguments, as typed in a shell. */
export function grpcurl(...args: string[]): Promise<Ended> {
  const { grpcurl: program } = readTools();
  if (!program) throw new Error('grpcurl is not installed; run: node scripts/setup.mjs --system');
  return runProgram([program, ...args]);
}

/** Runs a program to its end within a minute; it dies with the test. */
export async function runProgram(command: string[], input = ''): Promise<Ended> {
  const [program, ...args] = withParentDeath(command);
  const { exitCode, stdout, stderr, timedOut } = await execa(program!, args, {
    input,
    reject: false,
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 ** 2,
  });
  if (timedOut) throw new Error(`'${command.join(' ')}' did not end within ${TIMEOUT_MS} ms:\n${stdout}\n${stderr}`);
  return { code: exitCode, out: stdout, err: stderr };
}

/**
 * Calls a method in plain text with these requests (more than one for a method that takes a stream) and returns the
 * messages of the answer; throws with grpcurl's output if the call fails.
 */
export async function callByHand<Message = Record<string, unknown>>(
  address: string,
  method: string,
  ...requests: object[]
): Promise<Message[]> {
  const ended = await grpcurl('-plaintext', '-d', requests.map((one) => JSON.stringify(one)).join(''), address, method);
  if (ended.code !== 0) throw new Error(`${method} ended with exit code ${ended.code}:\n${ended.out}\n${ended.err}`);
  return toMessages(ended.out);
}

/** The JSON messages that grpcurl printed one after the other, each from a `{` to a `}` at the start of a line. */
export function toMessages<Message = Record<string, unknown>>(out: string): Message[] {
  return out
    .split(/^(?=\{)/m)
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as Message);
}
