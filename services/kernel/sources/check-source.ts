import { type AssetSource, type ManifestSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { type FieldViolation, invalidRequest } from '../failure.ts';
import { eachNamed, violationsOf } from '../fields.ts';
import { isJobId } from '../jobs/id.ts';
import { checkSuffixes } from '../suffixes.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import { parseFilter } from './filter.ts';
import { isInventory } from './inventory.ts';

const MAX_LISTED = 1_000;
const MAX_REQUEST_ID = 128;

type SourceKind = NonNullable<AssetSource['source']>;
type SourceOf<Case extends SourceKind['$case']> = Extract<SourceKind, { $case: Case }>['value'];

/** The findings about one source. */
interface Findings {
  violations: FieldViolation[];
  /** The URIs that the source names; the job reads their buckets. */
  uris: string[];
}

/** Maps each kind of source to its check. */
const CHECKS: { [Case in SourceKind['$case']]: (source: SourceOf<Case>) => Findings } = {
  prefix({ prefixUri, limit, suffixes }) {
    const violations = violationsOf(() => parseS3Uri(prefixUri, 'source.prefix.prefix_uri'));
    if (limit < 0n)
      violations.push({ field: 'source.prefix.limit', description: `is ${limit}; expected 0 (all) or more` });
    violations.push(...checkSuffixes(suffixes, 'source.prefix.suffixes'));
    return { violations, uris: [prefixUri] };
  },

  list({ uris }) {
    const field = 'source.list.uris';
    const violations: FieldViolation[] = [];
    if (uris.length === 0 || uris.length > MAX_LISTED)
      violations.push({ field, description: `has ${uris.length} entries; expected 1 to ${MAX_LISTED}` });
    for (const [i, uri] of uris.slice(0, MAX_LISTED).entries())
      violations.push(...violationsOf(() => parseObjectUri(uri, `${field}[${i}]`)));
    violations.push(...checkDistinct(field, uris));
    return { violations, uris: uris.slice(0, MAX_LISTED) };
  },

  manifest(manifest) {
    const { uri, filter } = manifest;
    return {
      violations: [
        ...violationsOf(() => parseObjectUri(uri, 'source.manifest.uri')),
        ...(filter === '' ? [] : violationsOf(() => parseFilter(filter, 'source.manifest.filter'))),
        ...checkInventory(manifest),
      ],
      uris: [uri],
    };
  },

  job({ jobId, outcomes }) {
    const violations = eachNamed('source.job.outcomes', outcomes, Outcome);
    if (!isJobId(jobId))
      violations.unshift({
        field: 'source.job.job_id',
        description: `'${jobId}' is no job id; expected 32 hex digits`,
      });
    return { violations, uris: [] };
  },
};

/** Checks a job's source and request id, and names every wrong field; returns the buckets that the job reads. */
export function checkSource(source: AssetSource | undefined, requestId: string): { buckets: string[] } {
  const { violations, uris } = checkKind(source?.source);
  if (requestId.length > MAX_REQUEST_ID)
    violations.push({
      field: 'request_id',
      description: `has ${requestId.length} characters; expected at most ${MAX_REQUEST_ID}`,
    });
  if (violations.length > 0) throw invalidRequest(...violations);
  return { buckets: [...new Set(uris.map((uri) => parseS3Uri(uri, 'source').bucket))] };
}

function checkKind(kind: SourceKind | undefined): Findings {
  if (!kind) {
    const description = 'is missing; expected prefix, list, manifest or job';
    return { violations: [{ field: 'source', description }], uris: [] };
  }
  // The table has a check for each case, but TypeScript does not carry the case through the look-up.
  return (CHECKS[kind.$case] as (source: SourceKind['value']) => Findings)(kind.value);
}

/** Refuses a list that names an asset twice, or one key in two buckets, since keys alone name outputs. */
function checkDistinct(field: string, uris: string[]): FieldViolation[] {
  const seen = new Set<string>();
  const twice = uris.find((uri) => seen.size === seen.add(uri).size);
  if (twice !== undefined) return [{ field, description: `names '${twice}' twice` }];
  if (new Set(uris.map(toKey)).size === uris.length) return [];
  return [{ field, description: 'names one key in two buckets; outputs are named by keys alone' }];
}

/** Refuses a filter for an inventory, and suffixes for a manifest or an index. */
function checkInventory({ uri, filter, suffixes }: ManifestSource): FieldViolation[] {
  if (!isInventory(uri)) {
    const description = `apply to the manifest.json of an S3 Inventory alone; expected none for '${uri}'`;
    return suffixes.length === 0 ? [] : [{ field: 'source.manifest.suffixes', description }];
  }
  const description = `takes rows of an index; '${uri}' is an S3 Inventory, which takes suffixes`;
  return [
    ...(filter === '' ? [] : [{ field: 'source.manifest.filter', description }]),
    ...checkSuffixes(suffixes, 'source.manifest.suffixes'),
  ];
}

function toKey(uri: string): string {
  return uri.replace(/^s3:\/\/[^/]*/, '');
}
