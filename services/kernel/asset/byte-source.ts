import { type FileHandle, open, stat } from 'node:fs/promises';

/** Bytes that are read where they are needed: of a file, a part of one, or memory. */
export interface ByteSource {
  size: number;
  /** Gives up to `length` bytes from `offset`; fewer at the end. */
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

/** Bytes that are in memory already. */
export function memorySource(bytes: Buffer): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A part of another source. */
export function partOf(source: ByteSource, start: number, length: number): ByteSource {
  const size = Math.max(0, Math.min(length, source.size - start));
  return {
    size,
    read: (offset, wanted) => source.read(start + offset, Math.max(0, Math.min(wanted, size - offset))),
  };
}

/** A file beside the asset, undefined while it has not been fetched. It is open only while it is read, since there may be many. */
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
