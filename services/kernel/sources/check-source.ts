import { type AssetSource, type ManifestSource, Outcome } from '../../../gen/cyclorama/asset/v1/asset.ts';
import { CycloramaError, type FieldViolation, invalidRequest } from '../failure.ts';
import { eachNamed } from '../fields.ts';
import { isJobId } from '../jobs/id.ts';
import { checkSuffixes } from '../suffixes.ts';
import { parseObjectUri, parseS3Uri } from '../uri.ts';
import { parseFilter } from './filter.ts';
import { isInventory } from './inventory.ts';

const MAX_LISTED = 1_000;
const MAX_REQUEST_ID = 128;

/** Checks a job's source and output place, naming every wrong field; returns the buckets that the job touches. */
export function checkSource(source: AssetSource | undefined, requestId: string): { buckets: string[] } {
  const violations: FieldViolation[] = [];
  const buckets = new Set<string>();
  const check = (field: string, parse: () => { bucket: string }): void => {
    try {
      buckets.add(parse().bucket);
    } catch (error) {
      violations.push({ field, description: (error as Error).message.replace(`${field}: `, '') });
    }
  };
  const kind = source?.source;
  switch (kind?.$case) {
    case undefined:
      violations.push({ field: 'source', description: 'is missing; expected prefix, list, manifest or job' });
      break;
    case 'prefix':
      check('source.prefix.prefix_uri', () => parseS3Uri(kind.value.prefixUri, 'source.prefix.prefix_uri'));
      if (kind.value.limit < 0n)
        violations.push({
          field: 'source.prefix.limit',
          description: `is ${kind.value.limit}; expected 0 (all) or more`,
        });
      violations.push(...checkSuffixes(kind.value.suffixes, 'source.prefix.suffixes'));
      break;
    case 'list':
      if (kind.value.uris.length === 0 || kind.value.uris.length > MAX_LISTED) {
        violations.push({
          field: 'source.list.uris',
          description: `has ${kind.value.uris.length} entries; expected 1 to ${MAX_LISTED}`,
        });
      }
      for (const [i, uri] of kind.value.uris.slice(0, MAX_LISTED).entries())
        check(`source.list.uris[${i}]`, () => parseObjectUri(uri, `source.list.uris[${i}]`));
      if (new Set(kind.value.uris).size < kind.value.uris.length) {
        const twice = kind.value.uris.find((uri, index) => kind.value.uris.indexOf(uri) < index);
        violations.push({ field: 'source.list.uris', description: `names '${twice}' twice` });
      } else if (new Set(kind.value.uris.map(toKey)).size < kind.value.uris.length)
        violations.push({
          field: 'source.list.uris',
          description: 'names one key in two buckets; outputs are named by keys alone',
        });
      break;
    case 'manifest':
      check('source.manifest.uri', () => parseObjectUri(kind.value.uri, 'source.manifest.uri'));
      if (kind.value.filter !== '') violations.push(...checkFilter(kind.value.filter));
      violations.push(...checkInventory(kind.value));
      break;
    case 'job':
      if (!isJobId(kind.value.jobId)) {
        violations.push({
          field: 'source.job.job_id',
          description: `'${kind.value.jobId}' is no job id; expected 32 hex digits`,
        });
      }
      violations.push(...eachNamed('source.job.outcomes', kind.value.outcomes, Outcome));
  }
  if (requestId.length > MAX_REQUEST_ID)
    violations.push({
      field: 'request_id',
      description: `has ${requestId.length} characters; expected at most ${MAX_REQUEST_ID}`,
    });
  if (violations.length > 0) throw invalidRequest(...violations);
  return { buckets: [...buckets] };
}

/** An inventory takes suffixes and no filter, a manifest or index no suffixes. */
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

function checkFilter(filter: string): FieldViolation[] {
  try {
    parseFilter(filter, 'source.manifest.filter');
    return [];
  } catch (error) {
    if (error instanceof CycloramaError && error.detail.violations) return error.detail.violations;
    throw error;
  }
}

function toKey(uri: string): string {
  return uri.replace(/^s3:\/\/[^/]*/, '');
}
