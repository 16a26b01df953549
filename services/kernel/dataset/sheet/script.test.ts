import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { decodeNames } from './page/text.js';
import type { SheetRow } from './row.ts';
import { namesScript, rowsScript, scriptJson } from './script.ts';

const HOSTILE = '</script><!--\u2028\u2029"\'\\\n&amp;\ud800';

function rowOf(change: Partial<SheetRow>): SheetRow {
  return {
    uri: 's3://b/a.glb',
    id: 'a'.repeat(32),
    outcome: 'succeeded',
    reason: '',
    figures: [1, null],
    folder: 'a/',
    files: ['x.png'],
    thumbnail: true,
    endTime: '2026-01-02T03:04:05.678Z',
    attempt: 1,
    device: 'CPU',
    stages: { render: 1 },
    message: '',
    stage: '',
    warnings: [],
    recordUri: '',
    record: '',
    ...change,
  };
}

function run(script: string): { kind: string; index: number; stamp: string; body: Record<string, unknown> } {
  const taken: unknown[] = [];
  runInNewContext(script, { cycloramaSheet: (...given: unknown[]) => taken.push(...given) });
  const [kind, index, stamp, body] = JSON.parse(JSON.stringify(taken)) as [
    string,
    number,
    string,
    Record<string, unknown>,
  ];
  return { kind, index, stamp, body };
}

test('nothing in a text ends a script or its element, and the text stays what it is', () => {
  expect(scriptJson(HOSTILE)).not.toMatch(/[<>&\u2028\u2029]/);
  expect(JSON.parse(scriptJson(HOSTILE))).toBe(HOSTILE);
});

test('names come back in order, with what is filtered by', () => {
  const rows = [
    rowOf({ uri: 's3://b/chairs/1.glb' }),
    rowOf({ uri: 's3://b/chairs/12.glb', outcome: 'failed', reason: 'cropped', warnings: ['w'], figures: [2, 0.5] }),
    rowOf({ uri: `s3://b/${HOSTILE}`, outcome: 'skipped' }),
  ];
  const { kind, index, stamp, body } = run(namesScript({ stamp: 's', index: 3 }, rows, 's3://b/', ['cropped']));
  expect([kind, index, stamp]).toEqual(['names', 3, 's']);
  expect(decodeNames(body.shared as number[], body.rest as string[])).toEqual([
    'chairs/1.glb',
    'chairs/12.glb',
    HOSTILE,
  ]);
  expect(body).toMatchObject({ outcomes: '012', warned: '010', reasons: [-1, 0, -1] });
  expect(body.figures).toEqual([
    [1, 2, 1],
    [null, 0.5, null],
  ]);
});

test('a page says once what repeats, and only of failures what they alone have', () => {
  const failed = rowOf({
    message: HOSTILE,
    record: 'r.json',
    stages: { import: 2 },
    device: 'GPU',
    id: 'f'.repeat(32),
  });
  const { body } = run(
    rowsScript({ stamp: 's', index: 0 }, [rowOf({}), rowOf({}), failed], new Map([[failed.id, ['log']]])),
  );
  expect(body).toMatchObject({ files: [['x.png']], devices: ['CPU', 'GPU'], stages: ['render', 'import'] });
  const rows = body.rows as unknown[][];
  expect(rows[0]).toHaveLength(7);
  expect(rows[2]!.slice(6)).toEqual([[null, 2], { message: HOSTILE, record: 'r.json', log: ['log'] }]);
});
