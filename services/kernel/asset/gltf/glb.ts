import { type ByteSource, partOf } from '../byte-source.ts';
import { assertWithin, refusal } from '../refusal.ts';

/** The two chunks of a binary glTF. */
export interface GlbContent {
  json: Buffer;
  binary?: ByteSource;
  warnings: string[];
}

const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;

interface Chunk {
  type: number;
  start: number;
  length: number;
}

/** Reads the container of a binary glTF exactly as strictly as Blender's importer. Does not read the binary chunk. */
export async function readGlb(source: ByteSource, jsonBytes: number): Promise<GlbContent> {
  const warnings: string[] = [];
  await checkHeader(source);
  const first = await readChunk(source, HEADER_BYTES, 'first');
  if (first?.type !== JSON_CHUNK) throw refusal('invalid_asset', 'the first chunk of the GLB is not JSON');
  assertFits(first, source, 'JSON');
  assertWithin(first.length, jsonBytes, 'bytes of JSON');
  const json = await source.read(first.start, first.length);
  const next = first.start + first.length;
  if (next % 4 !== 0) warnings.push('the chunks of the GLB are not aligned to 4 bytes');
  const second = next < source.size ? await readChunk(source, next, 'second') : undefined;
  if (second?.type !== BINARY_CHUNK) return { json, warnings };
  assertFits(second, source, 'binary');
  return { json, binary: partOf(source, second.start, second.length), warnings };
}

async function checkHeader(source: ByteSource): Promise<void> {
  const header = await source.read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES) {
    throw refusal('invalid_asset', `the file has ${header.length} bytes; expected a GLB header of ${HEADER_BYTES}`);
  }
  const version = header.readUInt32LE(4);
  if (version !== 2) throw refusal('unsupported_format', `the GLB has version ${version}; expected 2`);
  const total = header.readUInt32LE(8);
  if (total > source.size) {
    throw refusal('invalid_asset', `the GLB is truncated: its header says ${total} bytes, the file has ${source.size}`);
  }
  if (total < source.size) {
    throw refusal('invalid_asset', `the GLB's header says ${total} bytes, the file has ${source.size - total} more`);
  }
}

async function readChunk(source: ByteSource, offset: number, which: string): Promise<Chunk | undefined> {
  const header = await source.read(offset, CHUNK_HEADER_BYTES);
  if (header.length < CHUNK_HEADER_BYTES) {
    throw refusal('invalid_asset', `the GLB ends in the header of its ${which} chunk, at byte ${offset}`);
  }
  return { length: header.readUInt32LE(0), type: header.readUInt32LE(4), start: offset + CHUNK_HEADER_BYTES };
}

function assertFits({ start, length }: Chunk, source: ByteSource, what: string): void {
  if (start + length <= source.size) return;
  throw refusal(
    'invalid_asset',
    `the ${what} chunk says ${length} bytes, the file has ${source.size - start} left for it`,
  );
}
