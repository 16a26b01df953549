import { StringDecoder } from 'node:string_decoder';
import { CycloramaError } from '../failure.ts';
import { type S3Place, toS3Uri } from '../uri.ts';
import type { ObjectStore } from './types.ts';

const WINDOW_BYTES = 4 * 1024 ** 2;
const MAX_LINE_CHARACTERS = 64 * 1024 ** 2;
/** Reading starts again so often if the object is overwritten meanwhile. */
const MAX_CHANGES = 10;

/** Some lines of a text, without line ends. */
export type LineBatch = string[];

/** Cuts chunks of UTF-8 into batches of lines; drops an empty last line. */
export async function* toLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<LineBatch> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new CycloramaError('manifest_invalid', `a line is over ${MAX_LINE_CHARACTERS} characters; expected lines`);
    }
    yield lines.map(withoutReturn);
  }
  rest += decoder.end();
  if (rest !== '') yield [withoutReturn(rest)];
}

/**
 * Reads an object's lines in windows, so that a slow reader holds no connection open and at most two windows in memory.
 * Yields undefined if the object was overwritten; reading then starts again at its beginning.
 */
export async function* readObjectLines(
  store: Pick<ObjectStore, 'head' | 'read'>,
  place: S3Place,
  signal?: AbortSignal,
): AsyncGenerator<LineBatch | undefined> {
  for (let changes = 0; changes <= MAX_CHANGES; changes++) {
    try {
      yield* toLines(readWindows(store, place, signal));
      return;
    } catch (error) {
      if (!(error instanceof CycloramaError) || error.reason !== 'precondition_failed') throw error;
    }
    yield undefined;
  }
  throw new CycloramaError(
    'store_unavailable',
    `'${toS3Uri(place)}' was overwritten ${MAX_CHANGES} times while it was read`,
  );
}

/** Reads one version of an object in windows, one of them ahead; throws precondition_failed if it is overwritten. */
export async function* readWindows(
  store: Pick<ObjectStore, 'head' | 'read'>,
  place: S3Place,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const found = await store.head(place, signal);
  if (!found) throw new CycloramaError('asset_not_found', `'${toS3Uri(place)}' does not exist`);
  const size = Number(found.sizeBytes);
  const fetch = async (start: number): Promise<Buffer> => {
    const range = { start, end: Math.min(start + WINDOW_BYTES, size), etag: found.etag };
    const part = await store.read(place, WINDOW_BYTES, signal, range);
    if (!part) throw new CycloramaError('asset_not_found', `'${toS3Uri(place)}' does not exist any more`);
    return part.body;
  };
  let ahead = size > 0 ? fetch(0) : undefined;
  for (let start = 0; ahead; start += WINDOW_BYTES) {
    const window = await ahead;
    ahead = start + WINDOW_BYTES < size ? fetch(start + WINDOW_BYTES) : undefined;
    // Whoever awaits the window gets its failure; a reader that leaves early never awaits it.
    ahead?.catch(() => undefined);
    yield window;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
