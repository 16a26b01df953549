import { constants } from 'node:os';
import type { Command } from 'commander';
import { CycloramaError } from '../../services/kernel/failure.ts';
import { ConfigError } from '../../services/kernel/process/config.ts';
import { errorJson, errorText } from '../terminal/error-text.ts';
import { EXIT, exitCodeOf } from '../terminal/exit-codes.ts';
import { collect } from '../terminal/option-values.ts';
import { openTerminal, type Terminal } from '../terminal/terminal.ts';
import { type Connection, connect } from './connection.ts';

/** The arguments of every command. */
export interface CommandContext {
  terminal: Terminal;
  connection: Connection;
  /** Aborts at the first Ctrl-C; the second one ends the process. */
  signal: AbortSignal;
  json: boolean;
  /** The server options of this call, such as ` --data DIR`; commands that are suggested to the user repeat them. */
  serverWords: string;
  /** Says whether the command stops the local stack at its end. */
  stackEnds?: boolean;
}

/** Options that every command that calls a server has. */
export interface ServerOptions {
  endpoint?: string[];
  data?: string;
  json?: boolean;
}

type Body<Options> = (context: CommandContext, options: Options, args: string[]) => Promise<number>;

/** Adds the options that name servers, and --json, to a command. */
export function withServer(command: Command): Command {
  return command
    .option('--endpoint <address>', 'server, HOST:PORT; or SERVICE=HOST:PORT for one service (repeatable)', collect)
    .option('--data <dir>', "data folder of the local stack to use (default: .cyclorama in Cyclorama's folder)")
    .option('--json', 'one JSON object a line, for scripts');
}

/** Turns a command's body, which returns the exit status, into an action for commander. */
export function action<Options extends ServerOptions>(body: Body<Options>): (...params: unknown[]) => Promise<void> {
  return async (...params) => {
    const command = params.at(-1) as Command;
    const options = command.opts<Options>();
    process.exitCode = await run(options, (context) => body(context, options, command.args));
  };
}

async function run(options: ServerOptions, body: (context: CommandContext) => Promise<number>): Promise<number> {
  const terminal = openTerminal();
  const json = options.json === true;
  const interrupted = new AbortController();
  let interruptedCode: number = EXIT.interrupted;
  const onSignal = (name: NodeJS.Signals): void => {
    interruptedCode = 128 + constants.signals[name];
    interrupted.abort(new CycloramaError('cancelled', `interrupted by ${name}`));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  let connection: Connection | undefined;
  try {
    connection = connect(options, process.env);
    const code = await body({ terminal, connection, signal: interrupted.signal, json, serverWords: wordsOf(options) });
    return interrupted.signal.aborted ? interruptedCode : code;
  } catch (error) {
    if (interrupted.signal.aborted) return interruptedCode;
    terminal.note(json ? JSON.stringify(errorJson(error)) : `error: ${errorText(error)}`);
    return error instanceof ConfigError ? EXIT.usage : exitCodeOf(error);
  } finally {
    terminal.status(undefined);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    connection?.close();
  }
}

function wordsOf({ endpoint = [], data }: ServerOptions): string {
  const words = [
    ...endpoint.flatMap((address) => ['--endpoint', address]),
    ...(data === undefined ? [] : ['--data', data]),
  ];
  return words.map((word) => ` ${/^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`}`).join('');
}
