import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openTerminal, type Streams } from './terminal.ts';

/** Both streams write to one screen, as on a real terminal. */
function screen(options: { tty: boolean; env?: Record<string, string>; columns?: number }) {
  let written = '';
  const stream = () => {
    const pass = new PassThrough();
    pass.on('data', (chunk: Buffer) => {
      written += chunk.toString();
    });
    return Object.assign(pass, { isTTY: options.tty, columns: options.columns ?? 40 });
  };
  const streams: Streams = {
    stdin: Object.assign(new PassThrough(), { isTTY: options.tty }),
    stdout: stream(),
    stderr: stream(),
    env: options.env ?? {},
  };
  return { terminal: openTerminal(streams), written: () => written };
}

describe('terminal', () => {
  it('takes the status line away before a line and draws it again below', () => {
    const { terminal, written } = screen({ tty: true });
    terminal.status(() => 'bar');
    terminal.print('line');
    terminal.status(undefined);
    expect(written()).toBe('bar\r\u001b[2Kline\nbar\r\u001b[2K');
  });

  it('draws no status and no control characters into a pipe', () => {
    const { terminal, written } = screen({ tty: false });
    terminal.status(() => 'bar');
    terminal.print('line');
    terminal.note('remark');
    terminal.status(undefined);
    expect(written()).toBe('line\nremark\n');
  });

  it('draws no status on a terminal that cannot erase', () => {
    const { terminal, written } = screen({ tty: true, env: { TERM: 'dumb' } });
    terminal.status(() => 'bar');
    expect(written()).toBe('');
  });

  it('redraws at most ten times a second', () => {
    const { terminal, written } = screen({ tty: true });
    for (let index = 0; index < 1_000; index++) terminal.status(() => `bar ${index}`);
    expect(written().split('bar').length - 1).toBeLessThan(10);
  });

  it('hands the width of the terminal to the status', () => {
    const { terminal, written } = screen({ tty: true });
    terminal.status((columns) => String(columns));
    expect(written()).toBe('40');
  });

  it('takes a terminal that does not know its width for a usual one', () => {
    const { terminal, written } = screen({ tty: true, columns: 0 });
    terminal.status((columns) => String(columns));
    expect(written()).toBe('80');
  });

  it('paints nothing in a pipe', () => {
    expect(screen({ tty: false }).terminal.paint('red', 'text')).toBe('text');
  });

  it('gives an empty answer when nobody answers in time', async () => {
    const { terminal } = screen({ tty: true });
    expect(await terminal.ask('? ', AbortSignal.timeout(10))).toBe('');
  });
});
