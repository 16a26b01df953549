import { describe, expect, it } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobState, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { JobCalls } from '../connect/job-calls.ts';
import { tableLines } from '../terminal/tables.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { endText } from './follow-in-terminal.ts';
import { errorLine, type Line, plainLine, reusedLine } from './lines.ts';
import { showJob } from './show.ts';
import { JOB_COLUMNS, JOB_HEADINGS, jobRow, jobRows, resultLines } from './text.ts';

const job = Job.fromPartial({
  jobId: 'abc',
  operation: 'analysis',
  source: { source: { $case: 'prefix', value: { prefixUri: 's3://b/p/', suffixes: ['.glb'], limit: 5n } } },
  outputUri: 's3://b/p/',
  outputsBesideAssets: true,
  state: JobState.JOB_STATE_SUCCEEDED,
  counts: { total: 5n, succeeded: 4n, failed: 1n, reused: 2n },
  createTime: new Date('2025-01-02T03:04:05Z'),
  startTime: new Date('2025-01-02T03:04:06Z'),
  endTime: new Date('2025-01-02T03:05:09Z'),
});

describe('jobs for people', () => {
  it('stand in a table that lines up and has no spaces at the ends', () => {
    expect(tableLines(JOB_COLUMNS, [JOB_HEADINGS, jobRow(job)])).toEqual([
      'JOB  OPERATION  STATE      CREATED (UTC)        DONE  TOTAL  FAILED  OUTPUT',
      'abc  analysis   SUCCEEDED  2025-01-02 03:04:05     5      5       1  s3://b/p/',
    ]);
  });

  it('are told in full without what is empty', () => {
    expect(jobRows(job)).toEqual([
      ['job', 'abc'],
      ['operation', 'analysis'],
      ['state', 'SUCCEEDED'],
      ['source', 's3://b/p/ (.glb), at most 5'],
      ['output', 'beside the assets; records in s3://b/p/'],
      ['total', '5'],
      ['succeeded', '4'],
      ['failed', '1'],
      ['reused', '2'],
      ['created', '2025-01-02 03:04:05 UTC'],
      ['took', '1:03'],
    ]);
  });

  it('tell what went wrong beside their assets', () => {
    expect(jobRows({ ...job, warnings: ['no index:\nnot written'] }).at(-1)).toEqual([
      'warning',
      'no index:\\nnot written',
    ]);
  });

  it('tell their warnings while they are followed, each once, and those of their end', async () => {
    const notes: string[] = [];
    const terminal = {
      print: () => {},
      status: () => {},
      note: (line: string) => notes.push(line),
      paint: (_: string, text: string) => text,
    } as Partial<Terminal> as Terminal;
    const ended = { ...job, warnings: ['no index'] };
    const calls = {
      async *watch() {
        const running = { ...job, state: JobState.JOB_STATE_RUNNING };
        for (const warnings of [['no workers'], [], ['no workers']]) yield { job: { ...running, warnings } };
        yield { job: ended };
      },
      results: async () => ({ results: [], nextPageToken: '' }),
    } as Partial<JobCalls> as JobCalls;
    const context = { terminal, signal: AbortSignal.timeout(5_000), json: false, serverWords: '' };
    expect(await showJob(context, calls, 'abc', { resultLines: () => [], failOnError: false })).toBe(0);
    expect(notes).toEqual(['warning: no workers', 'warning: no index']);
  });

  it('have errors of their results in red, and their end in green', async () => {
    const printed: string[] = [];
    const terminal = {
      print: (line: string) => printed.push(line),
      status: () => {},
      note: () => {},
      paint: (colour: string, text: string) => `${colour}(${text})`,
    } as Partial<Terminal> as Terminal;
    const calls = {
      async *watch() {
        yield { job: { ...job, counts: { ...job.counts!, reused: 0n } } };
      },
      results: async () => ({ results: [TaskResult.fromPartial({})], nextPageToken: '' }),
    } as Partial<JobCalls> as JobCalls;
    const context = { terminal, signal: AbortSignal.timeout(5_000), json: false, serverWords: '' };
    const lines = (): Line[] => [plainLine('[1/1] begun'), errorLine('[1/1] broken')];
    await showJob(context, calls, 'abc', { resultLines: lines, failOnError: false });
    expect(printed).toEqual(['[1/1] begun', 'red([1/1] broken)', 'green([DONE] Processed 5 files. 1 Error.)']);
  });

  it('say how they ended where that was not well', () => {
    expect(endText(job)).toBe('');
    const failure = {
      reason: 'store_unavailable',
      message: 'gone',
      stage: '',
      signal: '',
      logTail: [],
      exitCode: undefined,
    };
    expect(endText({ ...job, state: JobState.JOB_STATE_FAILED, failure })).toBe(
      '[FAILED] Job abc failed: store_unavailable: gone',
    );
    expect(endText({ ...job, state: JobState.JOB_STATE_CANCELLED })).toBe(
      '[CANCELLED] Job abc was cancelled after 5 of 5 files.',
    );
  });

  it.each([
    [1n, 1n, 'The file was'],
    [5n, 5n, 'All 5 files were'],
    [2n, 5n, '2 of 5 files were'],
  ])('say how much was done before: %s of %s', (reused, total, words) => {
    expect(reusedLine(reused, total)).toBe(`[INFO] ${words} done by an earlier run and unchanged since.`);
  });
});

describe('results for people', () => {
  it('have outcome, asset, why, where, and the log where it was asked for', () => {
    const result = TaskResult.fromPartial({
      asset: { uri: 's3://b/p/x.glb' },
      outcome: Outcome.OUTCOME_FAILED,
      reused: true,
      failure: { reason: 'blender_crash', message: 'ended by\nSIGSEGV', logTail: ['reading', 'boom'] },
      recordUri: 's3://b/p/_cyclorama/records/r.failed.json',
      warnings: ['odd'],
    });
    expect(resultLines(result)).toEqual([
      'FAILED     s3://b/p/x.glb  (done before)',
      '           blender_crash: ended by\\nSIGSEGV',
      '           warning: odd',
      '           s3://b/p/_cyclorama/records/r.failed.json',
      '           | reading',
      '           | boom',
    ]);
  });
});
