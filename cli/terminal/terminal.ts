import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { styleText } from 'node:util';

type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** Where a command writes: results on standard output, all else on standard error. */
export interface Terminal {
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a remark for people, which no script should have to read. */
  note(line: string): void;
  /** Redraws the line at the bottom, on a terminal only. `draw` is handed the width. Undefined takes it away. */
  status(draw: ((columns: number) => string) | undefined): void;
  /** Colours a text where standard output is a terminal that shows colours. */
  paint(colour: 'red' | 'green' | 'yellow' | 'bold' | 'dim', text: string): string;
  /** Whether there is somebody to ask. */
  readonly interactive: boolean;
  /** Asks a question; an empty answer once the signal aborts. */
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

/** Opens the terminal of this process. Lines and the status line never mix: it is taken away before each line. */
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
  // A pseudo-terminal that nobody gave a size says 0.
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
      // Ctrl-C and Ctrl-D leave the question; readline takes both from the terminal by itself.
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
