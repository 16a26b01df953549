import { type FileHandle, open, stat } from 'node:fs/promises';

/** Bytes of a file, of a part of a source or in memory, which are read only where needed. */
export interface ByteSource {
  size: number;
  /** Returns up to `length` bytes from `offset`; fewer at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Opens a file for reading in parts; the caller closes it. */
export async function openSource(path: string): Promise<ByteSource & AsyncDisposable> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  return {
    size,
    read: (offset, length) => readPart(file, offset, Math.min(length, Math.max(0, size - offset))),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Makes a source of bytes in memory. */
export function memorySource(bytes: Buffer): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** Makes a source of a part of another one. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  const size = Math.max(0, Math.min(length, source.size - start));
  return {
    size,
    read: (offset, wanted) => source.read(start + offset, Math.max(0, Math.min(wanted, size - offset))),
  };
}

/** Makes a source of a file beside the asset; undefined until it is fetched. The file is open only while it is read. */
export async function sourceIfThere(path: string): Promise<ByteSource | undefined> {
  try {
    const found = await stat(path);
    return found.isFile()
      ? { size: found.size, read: (offset, length) => readClosed(path, offset, length) }
      : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function readClosed(path: string, offset: number, length: number): Promise<Buffer> {
  await using source = await openSource(path);
  return source.read(offset, length);
}
