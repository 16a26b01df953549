import { describe, expect, it } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { doneLine } from '../job/lines.ts';
import { assetLines, limitLine, scanLine } from './exercise-console.ts';

const EXERCISE = `[INFO] Scanning 's3://my-test-bucket/assets/'... found 204 files.
[INFO] Processing limit set to 100.

[1/100] processing 'assets/chair.glb'...
   > Downloaded (4.2 MB)
   > Stats: 1,500 verts, 2 materials.
   > Report uploaded to 'assets/chair_report.json'.
   > Cleanup: Local file deleted. BPY memory cleared.

[2/100] processing 'assets/broken_file.glb'...
   > Downloaded (0.1 MB)
   > ERROR: invalid_asset: Invalid header.
   > Uploaded error report. Continuing...

[DONE] Processed 100 files. 1 Error.`;

const BUCKET = 's3://my-test-bucket';

const chair = TaskResult.fromPartial({
  asset: { uri: `${BUCKET}/assets/chair.glb`, sizeBytes: 4_200_000n },
  outcome: Outcome.OUTCOME_SUCCEEDED,
  outputs: [{ uri: `${BUCKET}/assets/chair_report.json` }],
  recordUri: `${BUCKET}/assets/_cyclorama/records/a-b.succeeded.json`,
  detail: { vertices: 1500, faces: 1450, materials: 2, downloaded_bytes: 4_200_000 },
});

const broken = TaskResult.fromPartial({
  asset: { uri: `${BUCKET}/assets/broken_file.glb`, sizeBytes: 100_000n },
  outcome: Outcome.OUTCOME_FAILED,
  outputs: [{ uri: `${BUCKET}/assets/broken_file_report.json` }],
  failure: { reason: 'invalid_asset', message: 'Invalid header.', stage: 'triage' },
});

function textsOf(...params: Parameters<typeof assetLines>): string[] {
  return assetLines(...params).map(({ text }) => text);
}

describe('console of the batch exercise', () => {
  it('is the text of the exercise, with our reason in the error line', () => {
    const lines = [
      scanLine(`${BUCKET}/assets/`, 204),
      limitLine(100),
      '',
      ...textsOf(chair, 1, 100),
      ...textsOf(broken, 2, 100),
      doneLine({ succeeded: 99n, failed: 1n, skipped: 0n }),
    ];
    expect(lines.join('\n')).toBe(EXERCISE);
  });

  it.each([
    [0n, '[DONE] Processed 3 files. 0 Errors.'],
    [1n, '[DONE] Processed 3 files. 1 Error.'],
    [2n, '[DONE] Processed 3 files. 2 Errors.'],
  ])('counts %s failures in good English', (failed, line) => {
    expect(doneLine({ succeeded: 3n - failed, failed, skipped: 0n })).toBe(line);
  });

  it('leaves out lines whose figures did not come', () => {
    const bare = { ...chair, detail: undefined, outputs: [] };
    expect(textsOf(bare, 1, 1)).toEqual([
      "[1/1] processing 'assets/chair.glb'...",
      '   > Downloaded (4.2 MB)',
      '   > Cleanup: Local file deleted. BPY memory cleared.',
      '',
    ]);
  });

  it('claims no download where the download failed, and no report where none was written', () => {
    const gone = {
      ...broken,
      outputs: [],
      failure: { ...broken.failure!, reason: 'asset_not_found', stage: 'download' },
    };
    expect(textsOf(gone, 1, 1)).toEqual([
      "[1/1] processing 'assets/broken_file.glb'...",
      '   > ERROR: asset_not_found: Invalid header.',
      '   > Continuing...',
      '',
    ]);
  });

  it('says of reused results what an earlier job found and where', () => {
    const reportUri = (uri: string): string => uri.replace('.glb', '_report.json');
    expect(textsOf({ ...chair, reused: true, outputs: [] }, 1, 2, { reportUri })).toEqual([
      "[1/2] 'assets/chair.glb' already done.",
      "   > Report at 'assets/chair_report.json'.",
      '',
    ]);
    expect(textsOf({ ...broken, reused: true, outputs: [] }, 2, 2, { reportUri })).toEqual([
      "[2/2] 'assets/broken_file.glb' already done.",
      '   > ERROR: invalid_asset: Invalid header.',
      "   > Report at 'assets/broken_file_report.json'.",
      '',
    ]);
  });

  it('names the record of a reused result where the report is not known', () => {
    expect(textsOf({ ...chair, reused: true, outputs: [] }, 1, '?')).toContain(
      "   > Record at 'assets/_cyclorama/records/a-b.succeeded.json'.",
    );
  });

  it('writes the whole place of a report in another bucket', () => {
    const elsewhere = { ...chair, outputs: [{ ...chair.outputs[0]!, uri: 's3://reports/chair_report.json' }] };
    expect(textsOf(elsewhere, 1, 1)).toContain("   > Report uploaded to 's3://reports/chair_report.json'.");
  });

  it('names local files from the point of view of their folder', () => {
    const nameOf = (uri: string): string => uri.slice(`${BUCKET}/assets/`.length);
    const lines = textsOf(chair, 1, 1, { nameOf });
    expect(lines[0]).toBe("[1/1] processing 'chair.glb'...");
    expect(lines).toContain("   > Report uploaded to 'chair_report.json'.");
  });

  it('keeps a key with line breaks and escape codes on its line', () => {
    const odd = { ...chair, asset: { ...chair.asset!, uri: `${BUCKET}/a\n\u001b[31mb.glb` } };
    expect(textsOf(odd, 1, 1)[0]).toBe("[1/1] processing 'a\\n\\u{1b}[31mb.glb'...");
  });

  it('marks the reason of a failure as an error, now and when it is found done, and nothing else', () => {
    const marked = [chair, broken, { ...broken, reused: true }].map((result) =>
      assetLines(result, 1, 1).flatMap(({ text, tone }) => (tone === 'error' ? [text] : [])),
    );
    const reason = '   > ERROR: invalid_asset: Invalid header.';
    expect(marked).toEqual([[], [reason], [reason]]);
  });
});
