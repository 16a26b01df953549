export interface SheetTable {
  names: string[];
  outcomes: string[];
  reasons: string[];
  warned: boolean[];
  figures: (number | null)[][];
}
export type RowTest = (table: SheetTable, i: number) => boolean;
export declare function parseQuery(text: string, figures: { title: string }[]): { problems: string[]; test: RowTest };
export declare function selectRows(
  table: SheetTable,
  count: number,
  test: RowTest,
  order: { by: number; descending: boolean },
): number[];
export declare function slug(title: string): string;
