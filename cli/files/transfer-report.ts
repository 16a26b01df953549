import type { CommandContext } from '../connect/command-run.ts';
import { EXIT } from '../terminal/exit-codes.ts';
import { countOf, formatBytes } from '../terminal/figures.ts';
import { printable } from '../terminal/printable.ts';
import type { TransferListener } from './transfer.ts';

/** Prints each transferred file. `finish` prints the totals and returns the exit status; without any file it throws. */
export function reportTransfer(
  { terminal, json }: CommandContext,
  verb: 'sent' | 'fetched',
  where: string,
  source: string,
): { listener: TransferListener; finish: () => number } {
  let bytes = 0;
  const counts = { copied: 0, unchanged: 0, refused: 0 };
  const listener: TransferListener = {
    onFile(file) {
      counts[file.outcome] += 1;
      if (file.outcome === 'copied') bytes += file.sizeBytes;
      if (json) terminal.print(JSON.stringify(file));
      else if (file.outcome === 'copied') terminal.print(printable(verb === 'sent' ? file.uri : file.path));
      terminal.status(() => `${counts.copied} ${verb}, ${counts.unchanged} unchanged, ${formatBytes(bytes)}`);
    },
    onRefused(uri, why) {
      counts.refused += 1;
      if (json) terminal.print(JSON.stringify({ uri, outcome: 'refused', why }));
      else terminal.note(`refused: ${printable(uri)}: ${why}`);
    },
  };
  const finish = (): number => {
    terminal.status(undefined);
    const prepositions = { sent: 'to', fetched: 'from' };
    const refused = counts.refused > 0 ? `, ${counts.refused} refused` : '';
    const copied = `${countOf(counts.copied, 'file')} (${formatBytes(bytes)}) ${verb} ${prepositions[verb]} ${where}`;
    if (!json) terminal.note(`${copied}, ${counts.unchanged} unchanged${refused}`);
    if (counts.copied + counts.unchanged + counts.refused === 0) throw new Error(`'${source}' holds no file`);
    return counts.refused > 0 ? EXIT.failed : EXIT.ok;
  };
  return { listener, finish };
}
