import type { Readable } from 'node:stream';

const MAX_LINES = 100;
const MAX_LINE_CHARS = 500;

/** The last lines that Blender wrote, for the record of a failure. */
export interface LogTail {
  follow(stream: Readable): void;
  lines(): string[];
  /** Drops the lines of the request before. */
  clear(): void;
}

/** Creates an empty tail; `onLine` gets every line when it comes. */
export function createLogTail(onLine: (line: string) => void = () => {}): LogTail {
  let kept: string[] = [];
  const keep = (line: string): void => {
    const short = line.slice(0, MAX_LINE_CHARS);
    if (short.trim() === '') return;
    kept.push(short);
    if (kept.length > MAX_LINES) kept = kept.slice(-MAX_LINES);
    onLine(short);
  };
  const follow = (stream: Readable): void => {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // The rest of an over-long line would be dropped later, so we do not collect it.
      rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
      lines.forEach(keep);
    });
    stream.on('end', () => keep(rest));
  };
  return {
    follow,
    lines: () => [...kept],
    clear: () => {
      kept = [];
    },
  };
}
