import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTools } from '../../scripts/tools.mjs';
import { boxGlb, brokenGlbs } from '../support/assets/glb.ts';
import { callByHand, runProgram } from '../support/programs/grpcurl.ts';
import { SystemStack } from '../support/stacks/system.ts';

/** What every process has, and what it has beside that. */
const COMMON = [
  'cyclorama_build_info',
  'cyclorama_s3_bytes_total',
  'cyclorama_s3_requests_total',
  'cyclorama_assets_discovered_total',
  'cyclorama_tasks_total',
  'cyclorama_task_stage_seconds',
  'cyclorama_queue_pending',
  'cyclorama_queue_in_flight',
  'cyclorama_blender_restarts_total',
  'cyclorama_blender_busy_seconds_total',
  'grpc_server_started_total',
  'grpc_server_handled_total',
  'grpc_server_handling_seconds',
];
/** Series that must have counted something after a job of one good and one broken asset. */
const COUNTED = {
  discovery: [
    /^cyclorama_assets_discovered_total [1-9]/m,
    /^grpc_server_handled_total\{.*grpc_method="ScanAssets",grpc_code="OK"\} [1-9]/m,
    /^grpc_server_handling_seconds_count\{.*grpc_method="ScanAssets"\} [1-9]/m,
  ],
  analysis: [
    /^grpc_server_started_total\{grpc_type="unary",.*grpc_method="CreateAnalysisJob"\} 1$/m,
    /^cyclorama_queue_pending\{queue="analysis",lane="batch"\} \d+$/m,
    /^cyclorama_queue_in_flight\{queue="analysis"\} \d+$/m,
  ],
  worker: [
    /^cyclorama_tasks_total\{queue="analysis",outcome="succeeded",reason=""\} 1$/m,
    /^cyclorama_tasks_total\{queue="analysis",outcome="failed",reason="invalid_asset"\} 1$/m,
    ...['wait', 'download', 'import', 'upload', 'commit'].map(
      (stage) => new RegExp(`^cyclorama_task_stage_seconds_count\\{queue="analysis",stage="${stage}"\\} [1-9]`, 'm'),
    ),
    /^cyclorama_blender_busy_seconds_total\{device="CPU"\} [\d.]*[1-9]/m,
    /^cyclorama_s3_bytes_total\{direction="in"\} [1-9]/m,
    /^cyclorama_s3_bytes_total\{direction="out"\} [1-9]/m,
    /^cyclorama_s3_requests_total\{op="PutObject",code="200"\} [1-9]/m,
  ],
} as const;

let system: SystemStack;
beforeAll(async () => {
  system = await SystemStack.create();
  system.fill('models', { 'box.glb': boxGlb(), 'cut.glb': brokenGlbs().truncated! });
  const { analysis } = system.stack.endpoints;
  const source = { source: { prefix: { prefix_uri: 's3://models/' } } };
  const create = 'cyclorama.analysis.v1.AnalysisService/CreateAnalysisJob';
  const [created] = await callByHand<{ job: { jobId: string } }>(analysis, create, source);
  await callByHand(analysis, 'cyclorama.job.v1.JobService/WatchJob', { job_id: created!.job.jobId });
});
afterAll(() => system?.close());

async function scrape(part: string): Promise<string> {
  const answer = await fetch(`${system.stack.endpoints.http[part]}/metrics`);
  expect(answer.headers.get('content-type')).toContain('text/plain');
  return answer.text();
}

describe.each(Object.keys(COUNTED) as (keyof typeof COUNTED)[])('metrics of %s', (part) => {
  test('are as promtool wants them', async () => {
    const { promtool } = readTools();
    if (!promtool) throw new Error('promtool is not installed; run: node scripts/setup.mjs --system');
    const { code, out, err } = await runProgram([promtool, 'check', 'metrics'], await scrape(part));
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: '' });
  });

  test('have the documented names, each with a sentence', async () => {
    const described = [...(await scrape(part)).matchAll(/^# HELP (\S+) (.+\.)$/gm)].map(([, name]) => name);
    expect(described).toEqual(expect.arrayContaining(COMMON));
  });

  test('have counted the work', async () => {
    // The depth of the queue is measured every few seconds.
    const missing = async (): Promise<RegExp[]> => {
      const text = await scrape(part);
      return COUNTED[part].filter((series) => !series.test(text));
    };
    await expect.poll(missing, { timeout: 20_000, interval: 200 }).toEqual([]);
  });

  test('carry no id, key or URI in a label', async () => {
    expect((await scrape(part)).match(/.*(s3:|\.glb|[0-9a-f]{32}).*/g)).toBeNull();
  });
});
