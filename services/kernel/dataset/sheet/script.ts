import type { SheetRow } from './row.ts';

/** Name of the function in index.html that receives the pages. */
const CALLBACK = 'cycloramaSheet';
const OUTCOMES = ['succeeded', 'failed', 'skipped'];

/** Identity of a page: the stamp that must match that of index.html, and the index of the page. */
export interface PageTitle {
  stamp: string;
  index: number;
}

/**
 * Writes a part of the names: the values for filters and sorting, column by column.
 * `shared` is the number of characters that each name has in common with the one before.
 */
export function namesScript(title: PageTitle, rows: SheetRow[], base: string, reasons: string[]): string {
  const names = rows.map(({ uri }) => uri.slice(base.length));
  const shared = names.map((name, i) => (i === 0 ? 0 : sharedLength(names[i - 1]!, name)));
  return script('names', title, {
    shared,
    rest: names.map((name, i) => name.slice(shared[i])),
    outcomes: rows.map(({ outcome }) => OUTCOMES.indexOf(outcome)).join(''),
    warned: rows.map(({ warnings }) => (warnings.length > 0 ? 1 : 0)).join(''),
    reasons: rows.map(({ reason }) => reasons.indexOf(reason)),
    figures: (rows[0]?.figures ?? []).map((_, column) => rows.map(({ figures }) => figures[column] ?? null)),
  });
}

/** Writes a page of rows with the other facts of each asset. Values that repeat between rows are written once. */
export function rowsScript(title: PageTitle, rows: SheetRow[], logs: ReadonlyMap<string, string[]>): string {
  const [files, devices, stages] = [createTable(), createTable(), createTable()];
  const packed = rows.map((row) => {
    const seconds: (number | null)[] = [];
    for (const [stage, took] of Object.entries(row.stages)) seconds[stages.add(stage)] = took;
    const log = logs.get(row.id);
    const rare = {
      ...(row.message === '' ? {} : { message: row.message }),
      ...(row.stage === '' ? {} : { stage: row.stage }),
      ...(row.warnings.length === 0 ? {} : { warnings: row.warnings }),
      ...(row.record === '' ? {} : { record: row.record }),
      ...(row.attempt > 1 ? { attempt: row.attempt } : {}),
      ...(log === undefined || log.length === 0 ? {} : { log }),
    };
    const fixed = [row.id, row.folder, files.add(JSON.stringify(row.files)), row.thumbnail ? 1 : 0];
    const rest = [row.endTime.slice(0, 19), devices.add(row.device), Array.from(seconds, (took) => took ?? null)];
    return [...fixed, ...rest, ...(Object.keys(rare).length === 0 ? [] : [rare])];
  });
  return script('rows', title, {
    files: files.values.map((value) => JSON.parse(value) as string[]),
    devices: devices.values,
    stages: stages.values,
    rows: packed,
  });
}

/**
 * Writes JSON that is safe in a script, even in HTML: nothing in it ends the script element or a line.
 * https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function script(kind: string, { stamp, index }: PageTitle, body: object): string {
  return `${CALLBACK}(${[kind, index, stamp, body].map(scriptJson).join(',')});\n`;
}

function createTable(): { values: string[]; add: (value: string) => number } {
  const places = new Map<string, number>();
  const values: string[] = [];
  return {
    values,
    add(value) {
      const known = places.get(value);
      if (known !== undefined) return known;
      places.set(value, values.length);
      return values.push(value) - 1;
    },
  };
}

function sharedLength(before: string, name: string): number {
  let length = 0;
  while (length < before.length && length < name.length && before[length] === name[length]) length++;
  return length;
}
