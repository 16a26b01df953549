import { CycloramaError } from '../failure.ts';
import type { ObjectStore } from '../store/types.ts';
import { type DatasetPlaces, type OutcomeWord, parseRecordKey, type RecordName } from './places.ts';

/** Bytes per record: asset id, fingerprint and outcome. */
const ENTRY_BYTES = 33;
const ID_BYTES = 16;
const OUTCOMES: readonly OutcomeWord[] = ['succeeded', 'skipped', 'failed'];
const DIGITS = '0123456789abcdef';
/** A dataset with more assets is refused, because the set must fit into memory. */
const MAX_RECORDS = 10_000_000;

/** The finished assets of a dataset: the names of its records, packed into 33 bytes each. */
export interface RecordSet {
  readonly size: number;
  /** Returns the recorded outcome of an asset with a fingerprint; `succeeded` wins if there are several. */
  find(assetId: string, fingerprint: string): OutcomeWord | undefined;
}

/** Reads the names of all records of a dataset, in parallel by the first digit of the asset id. */
export async function loadRecordSet(
  store: Pick<ObjectStore, 'listAll'>,
  places: DatasetPlaces,
  signal: AbortSignal,
): Promise<RecordSet> {
  let total = 0;
  const shards = await Promise.all(
    [...DIGITS].map(async (digit) => {
      const entries: Buffer[] = [];
      for await (const page of store.listAll(places.bucket, places.recordsPrefix + digit, signal)) {
        const names = page.map(({ key }) => parseRecordKey(key)).filter((name) => name !== undefined);
        total += names.length;
        if (total > MAX_RECORDS) {
          throw new CycloramaError(
            'too_many_assets',
            `'${places.recordsPrefix}' holds over ${MAX_RECORDS} records; split the source by prefix`,
          );
        }
        entries.push(Buffer.concat(names.map(encode)));
      }
      return packShard(entries);
    }),
  );
  return fromShards(shards);
}

function encode({ assetId, fingerprint, outcome }: RecordName): Buffer {
  return Buffer.concat([Buffer.from(assetId + fingerprint, 'hex'), Buffer.of(OUTCOMES.indexOf(outcome))]);
}

/** Joins entries and sorts them, unless they are already in order. */
function packShard(chunks: Buffer[]): Buffer {
  const packed = Buffer.concat(chunks);
  const count = packed.length / ENTRY_BYTES;
  const at = (i: number): Buffer => packed.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES);
  for (let i = 1; i < count; i++) {
    if (at(i - 1).compare(at(i)) > 0) {
      const sorted = Array.from({ length: count }, (_, j) => at(j)).sort(Buffer.compare);
      return Buffer.concat(sorted);
    }
  }
  return packed;
}

function fromShards(shards: Buffer[]): RecordSet {
  return {
    size: shards.reduce((sum, shard) => sum + shard.length / ENTRY_BYTES, 0),
    find(assetId, fingerprint) {
      const wanted = Buffer.from(assetId + fingerprint, 'hex');
      const shard = shards[wanted[0]! >> 4]!;
      let low = 0;
      let high = shard.length / ENTRY_BYTES;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const start = middle * ENTRY_BYTES;
        if (shard.compare(wanted, 0, 2 * ID_BYTES, start, start + 2 * ID_BYTES) < 0) low = middle + 1;
        else high = middle;
      }
      const start = low * ENTRY_BYTES;
      if (start >= shard.length || shard.compare(wanted, 0, 2 * ID_BYTES, start, start + 2 * ID_BYTES) !== 0)
        return undefined;
      return OUTCOMES[shard[start + 2 * ID_BYTES]!];
    },
  };
}
