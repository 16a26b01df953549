import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTools } from '../../scripts/tools.mjs';
import { TestS3 } from '../support/servers/s3.ts';
import { CREDENTIALS } from '../support/servers/s3-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../blender-runtime/scripts/batch_validator.py', import.meta.url));
const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const BUCKET = 'my-test-bucket';

let s3: TestS3;
const folder = temporaryFolder();
beforeAll(async () => {
  s3 = await TestS3.create();
  await s3.createBucket(BUCKET);
  for (const name of ['chair', 'fox', 'truncated', 'empty']) {
    const Body = await readFile(join(SAMPLES, `${name}.glb`));
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `assets/${name}.glb`, Body }));
  }
  await s3.putKeys(BUCKET, ['assets/notes.txt', 'elsewhere/other.glb']);
});
afterAll(() => s3?.close());

/** Runs the script as a user does; its temporary files go to the test's own folder. */
async function validate(args: string[], environment: Record<string, string> = {}) {
  return execa(readTools().testPython!, [SCRIPT, ...args], {
    env: {
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      TMPDIR: folder(),
      TEMP: folder(),
      ...environment,
    },
    reject: false,
    timeout: 100_000,
  });
}

async function listKeys(prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key);
}

async function readReport(key: string): Promise<string> {
  const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Body!.transformToString();
}

/** A report with every number replaced, so that only its shape is left. */
const shapeOf = (text: string): string => text.replace(/-?\d+(\.\d+)?(e[+-]?\d+)?/g, '0');

describe('batch_validator.py', () => {
  test('prints exercise 4’s console, puts a report beside each file, and leaves nothing behind', async () => {
    const run = await validate([BUCKET, 'assets/', '--endpoint-url', s3.url]);
    expect(run.stderr).toBe('');
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toBe(`[INFO] Scanning 's3://my-test-bucket/assets/'... found 4 files.

[1/4] processing 'assets/chair.glb'...
   > Downloaded (2.0 MB)
   > Stats: 3,271 verts, 1 material.
   > Report uploaded to 'assets/chair_report.json'.
   > Cleanup: Local file deleted. BPY memory cleared.

[2/4] processing 'assets/empty.glb'...
   > Downloaded (0.0 MB)
   > ERROR: the asset has no mesh; expected at least one face
   > Uploaded error report. Continuing...

[3/4] processing 'assets/fox.glb'...
   > Downloaded (0.2 MB)
   > Stats: 1,728 verts, 1 material.
   > Report uploaded to 'assets/fox_report.json'.
   > Cleanup: Local file deleted. BPY memory cleared.

[4/4] processing 'assets/truncated.glb'...
   > Downloaded (0.1 MB)
   > ERROR: Bad GLB: file size doesn't match
   > Uploaded error report. Continuing...

[DONE] Processed 4 files. 2 Errors.`);

    expect(shapeOf(await readReport('assets/chair_report.json'))).toBe(`{
  "file": "assets/chair.glb",
  "status": "success",
  "stats": {
    "vertices": 0,
    "faces": 0,
    "dimensions": {
      "x": 0,
      "y": 0,
      "z": 0
    },
    "materials": [
      "plastic_monobloc_chair_0"
    ],
    "topology": {
      "triangles": 0,
      "quads": 0,
      "ngons": 0
    }
  }
}
`);
    expect(await readReport('assets/truncated_report.json')).toBe(`{
  "file": "assets/truncated.glb",
  "status": "error",
  "error_message": "Bad GLB: file size doesn't match",
  "reason": "import_failed"
}
`);
    expect(JSON.parse(await readReport('assets/empty_report.json'))).toMatchObject({ reason: 'no_geometry' });
    expect(await listKeys('elsewhere/')).toEqual(['elsewhere/other.glb']);
    const left = await execa('find', [folder(), '-mindepth', '1']);
    expect(left.stdout).toBe('');
  });

  test('takes a limit, finds the endpoint in the environment, and puts reports elsewhere', async () => {
    const args = ['--bucket_name', BUCKET, '--prefix', 'assets/', '--limit', '1', '--output', `s3://${BUCKET}/out/`];
    const run = await validate(args, { AWS_ENDPOINT_URL: s3.url });
    expect(run.stdout.split('\n').slice(0, 4)).toEqual([
      "[INFO] Scanning 's3://my-test-bucket/assets/'... found 4 files.",
      '[INFO] Processing limit set to 1.',
      '',
      "[1/1] processing 'assets/chair.glb'...",
    ]);
    expect(run.stdout).toContain("   > Report uploaded to 'out/chair_report.json'.");
    expect(run.stdout).toMatch(/\[DONE\] Processed 1 file\. 0 Errors\.$/);
    expect(await listKeys('out/')).toEqual(['out/chair_report.json']);
  });

  test('goes on where an earlier run ended', async () => {
    const args = [BUCKET, 'assets/', '2', '--endpoint-url', s3.url, '--output', `s3://${BUCKET}/resumed/`, '--resume'];
    await validate(args);
    const run = await validate(args);
    expect(run.stdout).toContain("[1/2] processing 'assets/fox.glb'...");
    expect(await listKeys('resumed/')).toHaveLength(4);
  });

  test('counts files beyond the 1,000 of one listing', async () => {
    await s3.putKeys(
      BUCKET,
      Array.from({ length: 1_003 }, (_, index) => `many/${index}.glb`),
    );
    const run = await validate([BUCKET, 'many/', '1', '--endpoint-url', s3.url]);
    expect(run.stdout).toContain("[INFO] Scanning 's3://my-test-bucket/many/'... found 1003 files.");
    expect(run.stdout).toContain("   > ERROR: 'asset.glb' is empty");
    expect(run.stdout).toContain('[DONE] Processed 1 file. 1 Error.');
  });

  test('ends with a sentence where the bucket is not there', async () => {
    const run = await validate(['no-such-bucket', '--endpoint-url', s3.url]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(/^ERROR: 's3:\/\/no-such-bucket\/' cannot be listed: .*NoSuchBucket/);
    expect(run.stderr.split('\n')).toHaveLength(1);
  });
});
