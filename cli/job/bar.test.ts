import { expect, test, vi } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { Job, JobState, TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { createJobBar } from './bar.ts';

test('the pace in images is that of assets that have images', () => {
  vi.useFakeTimers();
  try {
    let line = '';
    const status: Terminal['status'] = (draw) => {
      line = draw?.(200) ?? '';
    };
    const bar = createJobBar({ status }, 4);
    bar.takeJob(Job.fromPartial({ state: JobState.JOB_STATE_RUNNING, counts: { total: 10n } }));
    vi.advanceTimersByTime(1000);
    bar.takeResult(TaskResult.fromPartial({ outcome: Outcome.OUTCOME_FAILED }));
    bar.takeResult(TaskResult.fromPartial({ outcome: Outcome.OUTCOME_SUCCEEDED, reused: true }));
    expect(line).toContain('1.0/s');
    expect(line).not.toContain('images/s');
    vi.advanceTimersByTime(1000);
    bar.takeResult(TaskResult.fromPartial({ outcome: Outcome.OUTCOME_SUCCEEDED }));
    expect(line).toContain('2.0 images/s');
    bar.close();
    expect(line).toBe('');
  } finally {
    vi.useRealTimers();
  }
});
