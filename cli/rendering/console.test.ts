import { expect, test } from 'vitest';
import { Outcome } from '../../gen/cyclorama/asset/v1/asset.ts';
import { TaskResult } from '../../gen/cyclorama/job/v1/job.ts';
import { errorLine, plainLine } from '../job/lines.ts';
import { renderLines } from './console.ts';

const asset = { uri: 's3://assets/fog.blend' };
const warnings = ["a volume has no surface: material 'fog'"];

test('an asset that failed has its warnings below the reason, since they may say why', () => {
  const failure = { reason: 'blank_render', message: 'the object covers nothing' };
  const result = TaskResult.fromPartial({ asset, outcome: Outcome.OUTCOME_FAILED, failure, warnings });
  expect(renderLines(result, 2, 3)).toEqual([
    errorLine("[2/3] FAILED 'fog.blend': blank_render: the object covers nothing"),
    plainLine("   > warning: a volume has no surface: material 'fog'"),
  ]);
});

test('an asset that was rendered has its warnings below it, and none where it was done before', () => {
  const done = { asset, outcome: Outcome.OUTCOME_SUCCEEDED, warnings };
  expect(renderLines(TaskResult.fromPartial(done), 1, '?')).toEqual([
    plainLine("[1/?] 'fog.blend'  0 images, 0.0 s"),
    plainLine("   > warning: a volume has no surface: material 'fog'"),
  ]);
  expect(renderLines(TaskResult.fromPartial({ ...done, reused: true }), 1, '?')).toHaveLength(1);
});
