import type { ByteSource } from './byte-source.ts';

/** Width and height of an image in pixels; `layers` counts its layers, faces and slices. */
export interface ImageSize {
  width: number;
  height: number;
  layers: number;
}

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const KTX2 = Buffer.from('ab4b5458203230bb0d0a1a0a', 'hex');
const HEAD_BYTES = 40;
/**
 * Camera JPEGs have a few dozen segments before the frame header; far more would be an attack that keeps us reading.
 */
const MAX_JPEG_SEGMENTS = 1_000;

/** Reads an image's size from its header (PNG, JPEG, WebP, KTX2, BMP); undefined for other formats. */
export async function readImageSize(source: ByteSource): Promise<ImageSize | undefined> {
  const head = await source.read(0, HEAD_BYTES);
  if (head.length < 12) return undefined;
  if (head.readUInt16BE(0) === 0xffd8) return readJpegSize(source);
  if (head.length < 30) return undefined;
  if (head.subarray(0, 8).equals(PNG) && head.toString('latin1', 12, 16) === 'IHDR')
    return { width: head.readUInt32BE(16), height: head.readUInt32BE(20), layers: 1 };
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return readWebpSize(head);
  if (head.toString('latin1', 0, 2) === 'BM')
    return { width: Math.abs(head.readInt32LE(18)), height: Math.abs(head.readInt32LE(22)), layers: 1 };
  if (head.length === HEAD_BYTES && head.subarray(0, 12).equals(KTX2)) return readKtx2Size(head);
  return undefined;
}

function readKtx2Size(head: Buffer): ImageSize {
  const [width, height, depth, layers, faces] = [20, 24, 28, 32, 36].map((offset) =>
    Math.max(1, head.readUInt32LE(offset)),
  );
  return { width: width!, height: height!, layers: depth! * layers! * faces! };
}

function readWebpSize(head: Buffer): ImageSize | undefined {
  const kind = head.toString('latin1', 12, 16);
  if (kind === 'VP8X') return { width: 1 + head.readUIntLE(24, 3), height: 1 + head.readUIntLE(27, 3), layers: 1 };
  if (kind === 'VP8 ')
    return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff, layers: 1 };
  if (kind !== 'VP8L') return undefined;
  const bits = head.readUInt32LE(21);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff), layers: 1 };
}

async function readJpegSize(source: ByteSource): Promise<ImageSize | undefined> {
  let offset = 2;
  for (let segment = 0; segment < MAX_JPEG_SEGMENTS; segment++) {
    const head = await source.read(offset, 9);
    if (head.length < 9 || head[0] !== 0xff) return undefined;
    const marker = head[1]!;
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    // Frame headers are C0 to CF, except C4 and CC, which are tables, and C8, which is an extension.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { width: head.readUInt16BE(7), height: head.readUInt16BE(5), layers: 1 };
    }
    offset += 2 + head.readUInt16BE(2);
  }
  return undefined;
}
