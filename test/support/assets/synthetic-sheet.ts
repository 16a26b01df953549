import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { Job } from '../../../gen/cyclorama/job/v1/job.ts';
import { TaskRecord } from '../../../gen/cyclorama/job/v1/task.ts';
import { toAssetId } from '../../../services/kernel/dataset/fingerprint.ts';
import type { IndexRow } from '../../../services/kernel/dataset/index/row.ts';
import { toClosingPlaces, toDatasetPlaces, toSheetPlaces } from '../../../services/kernel/dataset/places.ts';
import type { SheetParts } from '../../../services/kernel/dataset/sheet/write.ts';
import { writePages } from '../../../services/kernel/dataset/sheet/write.ts';
import { CycloramaError } from '../../../services/kernel/failure.ts';
import { toS3Uri } from '../../../services/kernel/uri.ts';

const OUTPUT = 's3://renders/objects/';
const NEVER = new AbortController().signal;
const TILE = 128;
const HUES = 5;
/** Tiles of the synthetic sheet. */
export const TILES = ['textured', 'normal', 'depth', 'edge'];
/** Figures of the synthetic sheet. */
export const FIGURES = [
  { field: 'least_coverage', title: 'Coverage', unit: 'share' },
  { field: 'faces', title: 'Faces', unit: 'count' },
] as const;

/** One asset of a synthetic dataset. */
export interface Synthetic {
  key: string;
  failure?: { reason: string; message: string; log: string[]; kept?: boolean };
  warnings?: string[];
  /** Says whether image files are written for it. */
  images?: boolean;
}

/** Writes the contact sheet of assets that were never rendered, as the closing task does; returns its index.html. */
export async function writeSyntheticSheet(folder: string, assets: Iterable<Synthetic>): Promise<string> {
  const places = toDatasetPlaces(OUTPUT);
  const logs = new Map<string, string[]>();
  const lines: string[] = [];
  let n = 0;
  for (const asset of assets) {
    const row = toIndexRow(asset, n++);
    lines.push(JSON.stringify(row));
    if (asset.failure) logs.set(row.record_uri, asset.failure.log);
    if (asset.images) {
      const hue = n % HUES;
      for (const uri of row.outputs) {
        const strip = uri === toS3Uri(places.thumbnail(row.asset_id));
        if (uri.endsWith('.png')) await put(folder, uri, strip ? picture(4 * TILE, TILE, hue) : picture(256, 256, hue));
        else await put(folder, uri, '{}');
      }
    }
  }
  const index = join(folder, '.index.jsonl');
  await writeFile(index, `${lines.join('\n')}\n`);
  const store: SheetParts['store'] = {
    async read({ bucket, key }) {
      const logTail = logs.get(`s3://${bucket}/${key}`);
      if (logTail === undefined) throw new CycloramaError('store_unavailable', `no record '${key}'`);
      const record = TaskRecord.fromPartial({ result: { failure: { logTail } } });
      return { body: Buffer.from(JSON.stringify(TaskRecord.toJSON(record))), etag: '' };
    },
    async write(place, content) {
      await put(folder, toS3Uri(place), content as string);
      return { sizeBytes: 0, etag: '', sha256: '' };
    },
    remove: (place) => rm(pathOf(folder, toS3Uri(place))),
  };
  const operation = { figures: [...FIGURES], sheet: { tiles: () => TILES } };
  const job = Job.fromPartial({
    jobId: '0123456789abcdef',
    operation: 'rendering',
    outputUri: OUTPUT,
    spec: { width: 512 },
  });
  const facts = {
    job,
    time: new Date('2026-11-23T09:41:00Z'),
    index,
    closing: toClosingPlaces(OUTPUT, false),
    places: toSheetPlaces(OUTPUT, false),
    existing: new Map(),
  };
  const html = await writePages({ store, operation, version: '1.2.3', folder }, facts, NEVER);
  await rm(index);
  const path = join(folder, 'index.html');
  await writeFile(path, html);
  return path;
}

function toIndexRow({ key, failure, warnings = [] }: Synthetic, n: number): IndexRow {
  const uri = `s3://models/${key}`;
  const id = toAssetId(uri);
  const places = toDatasetPlaces(OUTPUT);
  const folder = failure ? `${OUTPUT}_cyclorama/kept/${id}-${id}/` : OUTPUT + key.replace(/\.glb$/, '/');
  const files = [...TILES.map((tile) => `render_${tile}.png`), 'metadata.json'].map((name) => folder + name);
  const shown = failure === undefined || failure.kept;
  const outcome = failure ? 'failed' : 'succeeded';
  return {
    asset_id: id,
    uri,
    key,
    name: key.slice(key.lastIndexOf('/') + 1),
    size_bytes: 1000 + ((n * 7919) % 9_000_000),
    etag: 'etag',
    outcome,
    reason: failure?.reason ?? null,
    message: failure?.message ?? null,
    stage: failure ? 'render' : null,
    stats: failure ? null : { least_coverage: ((n * 37) % 100) / 120, faces: 100 + ((n * 104_729) % 500_000) },
    warnings,
    outputs: shown ? [...files, toS3Uri(places.thumbnail(id))] : [],
    seconds: 1 + ((n * 31) % 400) / 100,
    stage_seconds: { download: 0.021, import: 0.3 + (n % 7) / 10, render: 1.2, encode: 0.21, upload: 0.051 },
    end_time: '2026-11-23T09:40:00.000Z',
    attempt: 1,
    worker_id: 'worker',
    device: 'CPU',
    blender: '4.5.15',
    job_id: 'job',
    fingerprint: id,
    record_uri: toS3Uri(places.record({ assetId: id, fingerprint: id, outcome })),
    record_etag: 'etag',
    row_version: 1,
  };
}

async function put(folder: string, uri: string, content: string | Buffer): Promise<void> {
  const path = pathOf(folder, uri);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function pathOf(folder: string, uri: string): string {
  if (!uri.startsWith(OUTPUT)) throw new Error(`'${uri}' is not below ${OUTPUT}`);
  return join(folder, uri.slice(OUTPUT.length));
}

const pictures = new Map<string, Buffer>();

function picture(width: number, height: number, hue: number): Buffer {
  const name = `${width} ${hue}`;
  const picture = pictures.get(name) ?? toPng(width, height, [(hue * 67) % 256, (hue * 131) % 256, 90 + hue * 29]);
  pictures.set(name, picture);
  return picture;
}

/** Draws a coloured disc in each square of the image, so that one sees whether an image is cropped. */
function toPng(width: number, height: number, [red, green, blue]: readonly [number, number, number]): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 4));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [dx, dy] = [(x % height) - height / 2, y - height / 2];
      const share = Math.hypot(dx, dy) / (height * 0.42);
      const at = y * (1 + width * 4) + 1 + x * 4;
      const light = 0.6 + 0.4 * (1 - share);
      if (share < 1) rows.set([red * light, green * light, blue * light, 255], at);
      else if (x >= height) rows.set([255 - 40 * Math.floor(x / height), 255, 255, 255], at);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, body: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type), body]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(body.length, 0);
  ends.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([ends.subarray(0, 4), content, ends.subarray(4)]);
}
