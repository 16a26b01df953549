/** Alignment of a column: left for words, right for numbers. */
export type Alignment = 'left' | 'right';

/** Aligns rows in columns, two spaces apart, without trailing spaces. */
export function tableLines(alignments: Alignment[], rows: string[][]): string[] {
  const widths = alignments.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    alignments
      .map((alignment, column) => {
        const cell = row[column] ?? '';
        return alignment === 'left' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
      })
      .join('  ')
      .trimEnd(),
  );
}
