import { Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { invalidRequest } from '../failure.ts';
import { INTERNAL_FOLDER, parseFolderUri, type S3Place, toS3Uri } from '../uri.ts';

/** The recorded outcomes, by their word in the names of records. */
export const RECORD_OUTCOMES = {
  succeeded: Outcome.OUTCOME_SUCCEEDED,
  failed: Outcome.OUTCOME_FAILED,
  skipped: Outcome.OUTCOME_SKIPPED,
} as const;

/** The word of a recorded outcome. */
export type OutcomeWord = keyof typeof RECORD_OUTCOMES;

/** The parts of the name of a record. */
export interface RecordName {
  assetId: string;
  fingerprint: string;
  outcome: OutcomeWord;
}

const RECORD_KEY = /([0-9a-f]{32})-([0-9a-f]{32})\.(succeeded|failed|skipped)\.json$/;

/** Returns the word of a recorded outcome. */
export function outcomeWord(outcome: Outcome): OutcomeWord {
  if (outcome === Outcome.OUTCOME_SUCCEEDED) return 'succeeded';
  return outcome === Outcome.OUTCOME_SKIPPED ? 'skipped' : 'failed';
}

/** Parses the key of a record; undefined for other keys. */
export function parseRecordKey(key: string): RecordName | undefined {
  const match = RECORD_KEY.exec(key);
  return match ? { assetId: match[1]!, fingerprint: match[2]!, outcome: match[3] as OutcomeWord } : undefined;
}

/** The places of the internal objects of one dataset. */
export interface DatasetPlaces {
  bucket: string;
  /** Prefix of all records. With the first digit of asset ids added, it lists a sixteenth of them. */
  recordsPrefix: string;
  /** Prefix of all records of one asset, with any fingerprint and outcome. */
  recordsOf(assetId: string): S3Place;
  record(name: RecordName): S3Place;
  /** Strip of small images of one asset, for the contact sheet. */
  thumbnail(assetId: string): S3Place;
  /** Folder of images of failed assets, which are kept for people to look at. */
  keptFolder: string;
  /** Folder of the kept images of one asset, with a folder for each fingerprint in it. */
  kept(assetId: string): S3Place;
  description: S3Place;
  jobsPrefix: string;
  job(jobId: string): S3Place;
  probe(word: string): S3Place;
}

/** The places of the files that the closing task writes. */
export interface ClosingPlaces {
  index: S3Place;
  parquet: S3Place;
  report: S3Place;
  /** Contact sheet of operations that write thumbnails. */
  sheet: S3Place;
}

/** Lays out index and report of a dataset: at its root, or in our folder if outputs lie among other people's files. */
export function toClosingPlaces(outputUri: string, outputsBesideAssets: boolean): ClosingPlaces {
  const { bucket, key } = parseFolderUri(outputUri, 'output_uri');
  const folder = outputsBesideAssets ? `${key}${INTERNAL_FOLDER}` : key;
  const place = (name: string): S3Place => ({ bucket, key: `${folder}${name}` });
  return {
    index: place('index.jsonl'),
    parquet: place('index.parquet'),
    report: place('report.md'),
    sheet: place('index.html'),
  };
}

/** The prefixes of the files that a contact sheet reads. */
export interface SheetPlaces {
  /** Folder of index.html. */
  folder: S3Place;
  pages: S3Place;
  thumbnails: S3Place;
}

/** Lays out the places of a dataset's contact sheet. */
export function toSheetPlaces(outputUri: string, outputsBesideAssets: boolean): SheetPlaces {
  const { sheet } = toClosingPlaces(outputUri, outputsBesideAssets);
  const { bucket, key } = parseFolderUri(outputUri, 'output_uri');
  const internal = (name: string): S3Place => ({ bucket, key: `${key}${INTERNAL_FOLDER}${name}` });
  const folder = { bucket, key: sheet.key.slice(0, sheet.key.lastIndexOf('/') + 1) };
  return { folder, pages: internal('sheet/'), thumbnails: internal('thumbnails/') };
}

/**
 * Lays out a dataset's internal folder.
 * Records lie in 4,096 folders by the first three digits of the asset id, because a store that keeps objects as files
 * reads a whole folder for each LIST.
 */
export function toDatasetPlaces(outputUri: string): DatasetPlaces {
  const { bucket, key } = parseFolderUri(outputUri, 'output_uri');
  const root = `${key}${INTERNAL_FOLDER}`;
  const recordsPrefix = `${root}records/`;
  const recordsOf = (assetId: string): S3Place => ({
    bucket,
    key: `${recordsPrefix}${assetId.slice(0, 3)}/${assetId}-`,
  });
  return {
    bucket,
    recordsPrefix,
    recordsOf,
    record: ({ assetId, fingerprint, outcome }) => ({
      bucket,
      key: `${recordsOf(assetId).key}${fingerprint}.${outcome}.json`,
    }),
    thumbnail: (assetId) => ({ bucket, key: `${root}thumbnails/${assetId.slice(0, 3)}/${assetId}.png` }),
    keptFolder: `${root}kept/`,
    kept: (assetId) => ({ bucket, key: `${root}kept/${assetId.slice(0, 3)}/${assetId}/` }),
    description: { bucket, key: `${root}dataset.json` },
    jobsPrefix: `${root}jobs/`,
    job: (jobId) => ({ bucket, key: `${root}jobs/${jobId}.json` }),
    probe: (word) => ({ bucket, key: `${root}probes/${word}` }),
  };
}

/** Normalises the URI of a dataset's folder to end with a slash; refuses a place among another dataset's records. */
export function normaliseOutputUri(outputUri: string): string {
  if (outputUri === '') return '';
  const place = parseFolderUri(outputUri, 'output_uri');
  if (`/${place.key}`.includes(`/${INTERNAL_FOLDER}`)) {
    const inside = `'${outputUri}' lies in a folder '${INTERNAL_FOLDER}', which is for records`;
    throw invalidRequest({ field: 'output_uri', description: `${inside}; expected another one` });
  }
  return toS3Uri(place);
}
