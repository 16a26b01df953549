import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { type Cell, type Column, type ColumnKind, toCells } from './columns.ts';
import type { IndexRow } from './row.ts';

/** Number of rows in memory at a time. */
const ROW_GROUP = 5_000;

type SchemaElement = NonNullable<Parameters<typeof parquetWriteRows>[0]['schema']>[number];

/** Writes rows as a Parquet file, one row group at a time. */
export async function writeParquet(
  path: string,
  rows: AsyncIterable<IndexRow>,
  columns: Column[],
  createdBy: string,
): Promise<void> {
  const toRecord = async function* (): AsyncGenerator<Record<string, unknown>> {
    for await (const row of rows) {
      const cells = toCells(row, columns).map((cell, i) => toValue(cell, columns[i]!.kind));
      yield Object.fromEntries(cells.map((cell, i) => [columns[i]!.name, cell]));
    }
  };
  await parquetWriteRows({
    writer: fileWriter(path),
    rows: toRecord(),
    columns: columns.map(({ name }) => ({ name })),
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flatMap(toSchema)],
    rowGroupSize: ROW_GROUP,
    createdBy,
  });
}

function toValue(cell: Cell, kind: ColumnKind): unknown {
  if (cell === null) return null;
  if (kind === 'integer') return BigInt(cell as number);
  return kind === 'time' ? new Date(cell as string) : cell;
}

function toSchema({ name, kind }: Column): SchemaElement[] {
  const repetition_type = 'OPTIONAL';
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type } as const;
  switch (kind) {
    case 'text':
      return [{ name, ...text }];
    case 'json':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type }];
    case 'integer':
      return [{ name, type: 'INT64', repetition_type }];
    case 'number':
      return [{ name, type: 'DOUBLE', repetition_type }];
    case 'boolean':
      return [{ name, type: 'BOOLEAN', repetition_type }];
    case 'time':
      return [{ name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type }];
    case 'texts':
      return [
        { name, converted_type: 'LIST', repetition_type, num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...text },
      ];
  }
}
