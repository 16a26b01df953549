import { describe, expect, it } from 'vitest';

import { pngHead } from '../../../test/support/assets/gltf.ts';
import { memorySource } from './byte-source.ts';
import { readImageSize } from './image-size.ts';

function jpeg(...segments: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('ffd8', 'hex'), ...segments]);
}

function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const frame = segment(0xc2, Buffer.from([8, 0x02, 0x00, 0x04, 0x00, 3, 0, 0, 0]));

function webp(kind: string, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write(`RIFF\0\0\0\0WEBP${kind}`, 'latin1');
  fill(bytes);
  return bytes;
}

function ktx2(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(80);
  Buffer.from('ab4b5458203230bb0d0a1a0a', 'hex').copy(bytes);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32LE(number, 20 + index * 4);
  return bytes;
}

describe('readImageSize', () => {
  const known: [string, Buffer, [number, number, number]][] = [
    ['PNG', pngHead(1024, 512), [1024, 512, 1]],
    ['JPEG', jpeg(frame), [1024, 512, 1]],
    ['JPEG behind a large comment', jpeg(segment(0xe1, Buffer.alloc(65_000)), frame), [1024, 512, 1]],
    ['JPEG with filler bytes', jpeg(Buffer.from([0xff, 0xff]), frame), [1024, 512, 1]],
    ['lossy WebP', webp('VP8 ', (bytes) => bytes.writeUInt32LE((512 << 16) | 1024, 26)), [1024, 512, 1]],
    ['lossless WebP', webp('VP8L', (bytes) => bytes.writeUInt32LE((511 << 14) | 1023, 21)), [1024, 512, 1]],
    [
      'extended WebP',
      webp('VP8X', (bytes) => {
        bytes.writeUIntLE(1023, 24, 3);
        bytes.writeUIntLE(511, 27, 3);
      }),
      [1024, 512, 1],
    ],
    ['KTX2 cube array', ktx2(1024, 512, 0, 2, 6), [1024, 512, 12]],
    [
      'BMP stored top-down',
      Buffer.concat([
        Buffer.from('BM'),
        Buffer.alloc(16),
        Buffer.from(new Int32Array([1024, -512]).buffer),
        Buffer.alloc(10),
      ]),
      [1024, 512, 1],
    ],
  ];
  it.each(known)('reads the size of a %s', async (_, bytes, [width, height, layers]) => {
    expect(await readImageSize(memorySource(bytes))).toEqual({ width, height, layers });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('this is not an image at all, is it?')],
    ['a PNG whose header was overwritten', pngHead(1024, 512).fill('rubbish', 12)],
    ['a JPEG that ends before its frame', jpeg(segment(0xe1, Buffer.alloc(100)))],
    ['a JPEG of endless segments', jpeg(...Array.from({ length: 2_000 }, () => segment(0xfe, Buffer.alloc(0))), frame)],
    ['a JPEG with a broken marker', jpeg(Buffer.from('00112233445566778899', 'hex'))],
  ])('gives nothing for %s', async (_, bytes) => {
    expect(await readImageSize(memorySource(bytes))).toBeUndefined();
  });
});
