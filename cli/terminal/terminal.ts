import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { styleText } from 'node:util';

type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** The terminal of a command: results go to standard output, all else to standard error. */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a remark for people, which scripts need not read. */
  note(line: string): void;
  /** Redraws the bottom line, on a terminal only; `draw` takes the width in columns. Undefined removes the line. */
  status(draw: ((columns: number) => string) | undefined): void;
  /** Colours a text where standard output is a terminal that shows colours. */
  paint(colour: 'red' | 'green' | 'yellow' | 'bold' | 'dim', text: string): string;
  /** Says whether a user is there to answer questions. */
  readonly interactive: boolean;
  /** Asks a question; the answer is empty when the signal aborts. */
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** The streams of a process. */
export interface Streams {
  stdin: Readable & { isTTY?: boolean };
  stdout: Stream;
  stderr: Stream;
  env: Record<string, string | undefined>;
}

const REDRAW_MS = 100;
const USUAL_COLUMNS = 80;
const ERASE_LINE = '\r\u001b[2K';

/** Opens the terminal of this process. It removes the status line before it writes another line. */
export function openTerminal({ stdin, stdout, stderr, env }: Streams = process): Terminal {
  const live = stderr.isTTY === true && env.TERM !== 'dumb';
  let drawing: ((columns: number) => string) | undefined;
  let drawn = '';
  let lastDraw = 0;

  const show = (line: string): void => {
    if (line === drawn) return;
    stderr.write(`${drawn === '' ? '' : ERASE_LINE}${line}`);
    drawn = line;
  };
  // A pseudo-terminal without a size reports 0 columns.
  const redraw = (): void => show(drawing?.(stderr.columns || USUAL_COLUMNS) ?? '');
  const write = (stream: Stream, line: string): void => {
    show('');
    stream.write(`${line}\n`);
    redraw();
  };
  return {
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    print: (line) => write(stdout, line),
    note: (line) => write(stderr, line),
    status(draw) {
      if (!live) return;
      drawing = draw;
      const now = performance.now();
      if (draw !== undefined && drawn !== '' && now - lastDraw < REDRAW_MS) return;
      lastDraw = now;
      redraw();
    },
    paint: (colour, text) => styleText(colour, text, { stream: stdout as NodeJS.WriteStream }),
    async ask(question, signal) {
      show('');
      const lines = createInterface({ input: stdin, output: stderr });
      // Ctrl-C and Ctrl-D end the question; readline reads both from the terminal itself.
      const left = new AbortController();
      lines.once('SIGINT', () => left.abort()).once('close', () => left.abort());
      const ended = AbortSignal.any([signal, left.signal]);
      try {
        return await lines.question(question, { signal: ended });
      } catch (error) {
        if (!ended.aborted) throw error;
        stderr.write('\n');
        return '';
      } finally {
        lines.close();
      }
    },
  };
}
