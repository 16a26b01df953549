import type { Readable } from 'node:stream';
import { BlenderEvent } from '../../../gen/cyclorama/blender/v1/blender.ts';

const MAX_LINE_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads events, one JSON line each, until the stream ends. A line that is too long or is no event ends the reading and
 * is reported to `onGarbage`, as the process cannot be trusted.
 */
export function readEvents(
  stream: Readable,
  onEvent: (event: BlenderEvent) => void,
  onGarbage: (what: string) => void,
): void {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let broken = false;
  const give = (line: Buffer): void => {
    const event = parseEvent(line);
    if (event === undefined) fail(`a line that is no event: ${line.toString('utf8', 0, 200)}`);
    else onEvent(event);
  };
  const fail = (what: string): void => {
    broken = true;
    kept = [];
    onGarbage(what);
  };
  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0 && !broken; end = chunk.indexOf(NEWLINE, start)) {
      give(Buffer.concat([...kept, chunk.subarray(start, end)]));
      kept = [];
      keptBytes = 0;
      start = end + 1;
    }
    if (broken) return;
    kept.push(chunk.subarray(start));
    keptBytes += chunk.length - start;
    if (keptBytes > MAX_LINE_BYTES) fail(`a line of more than ${MAX_LINE_BYTES} bytes`);
  });
}

function parseEvent(line: Buffer): BlenderEvent | undefined {
  try {
    const event = BlenderEvent.fromJSON(JSON.parse(line.toString('utf8')));
    return event.event === undefined ? undefined : event;
  } catch {
    // The caller reports a line that is no event, whatever is wrong with it.
    return undefined;
  }
}
