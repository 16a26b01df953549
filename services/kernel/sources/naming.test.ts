import { describe, expect, test } from 'vitest';
import type { AssetSource } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { readNaming } from './naming.ts';

const list = (uris: string[]): AssetSource => ({ source: { $case: 'list', value: { uris } } });

describe('output names leave out', () => {
  const jobSource = (jobId: string): AssetSource => ({ source: { $case: 'job', value: { jobId, outcomes: [] } } });
  const prefixOf = (prefixUri: string): AssetSource => ({
    source: { $case: 'prefix', value: { prefixUri, suffixes: ['.glb', '.obj'], limit: 0n } },
  });
  const none = async (): Promise<undefined> => undefined;

  test.each([
    ['s3://bucket/models/', 'models/'],
    ['s3://bucket/models/cha', 'models/'],
    ['s3://bucket/cha', ''],
    ['s3://bucket', ''],
  ])('of %s the folder %j', async (uri, folder) => {
    expect(await readNaming(prefixOf(uri), none)).toEqual({ folder, suffixes: ['.glb', '.obj'] });
  });

  test('the folder of the job at the root of a chain', async () => {
    const chain: Record<string, AssetSource> = { first: prefixOf('s3://bucket/models/'), second: jobSource('first') };
    const readJob = async (jobId: string): Promise<Job> => ({ ...Job.fromPartial({}), source: chain[jobId] });
    expect((await readNaming(jobSource('second'), readJob)).folder).toBe('models/');
  });

  test('no folder of a list, whose endings tell whether names keep theirs', async () => {
    const naming = (...uris: string[]) => readNaming(list(uris), none);
    expect(await naming('s3://bucket/m/a.glb', 's3://bucket/b.glb')).toEqual({ folder: '', suffixes: ['.glb'] });
    expect(await naming('s3://bucket/a.glb', 's3://bucket/a.obj')).toEqual({ folder: '', suffixes: ['.glb', '.obj'] });
    expect(await naming('s3://bucket/v1.2/a')).toEqual({ folder: '', suffixes: [''] });
  });

  test('nothing of a manifest or index, nor of its retry: their keys may be of any bucket and ending', async () => {
    const manifest = (uri: string): AssetSource => ({
      source: { $case: 'manifest', value: { uri, filter: '', suffixes: [] } },
    });
    const first = async (): Promise<Job> => ({ ...Job.fromPartial({}), source: manifest('s3://bucket/list.txt') });
    const byWholeKey = { folder: '', suffixes: [], byWholeKey: true };
    expect(await readNaming(manifest('s3://bucket/_cyclorama/index.jsonl'), none)).toEqual(byWholeKey);
    expect(await readNaming(jobSource('first'), first)).toEqual(byWholeKey);
  });

  test('nothing of a job that is gone, or in a circle of jobs', async () => {
    expect((await readNaming(jobSource('gone'), none)).folder).toBe('');
    const circle = async (): Promise<Job> => ({ ...Job.fromPartial({}), source: jobSource('circle') });
    expect((await readNaming(jobSource('circle'), circle)).folder).toBe('');
  });
});
