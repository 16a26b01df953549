import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { CycloramaError } from '../../../services/kernel/failure.ts';
import type { ByteRange, ListPage, ObjectStore, StoredObject } from '../../../services/kernel/store/types.ts';
import type { S3Place } from '../../../services/kernel/uri.ts';

type Write = ObjectStore['write'];

/** An object store in memory; `fault` may throw instead of an operation. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, { body: Buffer; etag: string }>();
  /** Called before each operation. */
  fault: (op: 'list' | 'head' | 'read' | 'download' | 'write' | 'remove', place: S3Place) => void = () => {};
  /** If true, accepts every write, like a store that ignores conditions. */
  ignoresConditions = false;

  checkBucket(): void {}

  async list(bucket: string, { prefix }: { prefix: string }): Promise<ListPage> {
    this.fault('list', { bucket, key: prefix });
    const keys = [...this.objects.keys()].filter((name) => name.startsWith(`${bucket}/${prefix}`)).sort();
    return { objects: keys.map((name) => this.#describe(name, name.slice(bucket.length + 1))), nextToken: undefined };
  }

  async *listAll(bucket: string, prefix: string): AsyncGenerator<StoredObject[]> {
    yield (await this.list(bucket, { prefix })).objects;
  }

  async head(place: S3Place): Promise<StoredObject | undefined> {
    this.fault('head', place);
    return this.objects.has(nameOf(place)) ? this.#describe(nameOf(place), place.key) : undefined;
  }

  async read(
    place: S3Place,
    _maxBytes?: number,
    _signal?: AbortSignal,
    range?: ByteRange,
  ): Promise<{ body: Buffer; etag: string } | undefined> {
    this.fault('read', place);
    const found = this.objects.get(nameOf(place));
    if (!found || !range) return found;
    if (range.etag !== found.etag) throw new CycloramaError('precondition_failed', nameOf(place));
    return { ...found, body: found.body.subarray(range.start, range.end) };
  }

  async download(place: S3Place, path: string, { etag }: { etag?: string }): ReturnType<ObjectStore['download']> {
    this.fault('download', place);
    const found = this.objects.get(nameOf(place));
    if (!found) throw new CycloramaError('asset_not_found', `no '${nameOf(place)}'`);
    if (etag !== undefined && etag !== found.etag) throw new CycloramaError('asset_changed', nameOf(place));
    await writeFile(path, found.body);
    return {
      sizeBytes: found.body.length,
      etag: found.etag,
      sha256: createHash('sha256').update(found.body).digest('hex'),
    };
  }

  async write(place: S3Place, content: Parameters<Write>[1], options: Parameters<Write>[2]): ReturnType<Write> {
    this.fault('write', place);
    const body =
      typeof content === 'string' || Buffer.isBuffer(content) ? Buffer.from(content) : await readFile(content.path);
    const existing = this.objects.get(nameOf(place));
    const { condition } = options;
    const holds = condition === 'always' || ('ifAbsent' in condition ? !existing : existing?.etag === condition.ifEtag);
    if (!holds && !this.ignoresConditions) throw new CycloramaError('precondition_failed', nameOf(place));
    const etag = createHash('md5').update(body).digest('hex');
    this.objects.set(nameOf(place), { body, etag });
    return { sizeBytes: body.length, etag, sha256: createHash('sha256').update(body).digest('hex') };
  }

  async remove(place: S3Place): Promise<void> {
    this.fault('remove', place);
    this.objects.delete(nameOf(place));
  }

  async createBucket(): Promise<void> {}

  close(): void {}

  /** Parses the JSON of an object. */
  json(name: string): unknown {
    return JSON.parse(this.objects.get(name)?.body.toString('utf8') ?? 'null');
  }

  #describe(name: string, key: string): StoredObject {
    const { body, etag } = this.objects.get(name)!;
    return { key, sizeBytes: BigInt(body.length), etag, lastModifyTime: undefined };
  }
}

function nameOf({ bucket, key }: S3Place): string {
  return `${bucket}/${key}`;
}
