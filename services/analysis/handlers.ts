import {
  AnalysisReport,
  AnalysisServiceService,
  AnalysisSpec,
  ReportStyle,
} from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { JobClass, type JobPlan } from '../../gen/cyclorama/job/v1/job.ts';
import { normaliseOutputUri } from '../kernel/dataset/places.ts';
import { invalidRequest } from '../kernel/failure.ts';
import { oneOf } from '../kernel/fields.ts';
import type { RunInteractive } from '../kernel/jobs/interactive.ts';
import type { JobDraft, Jobs } from '../kernel/jobs/jobs.ts';
import { bindService } from '../kernel/rpc/service.ts';
import { checkSource } from '../kernel/sources/check-source.ts';
import type { ObjectStore } from '../kernel/store/types.ts';
import { parseObjectUri, parseS3Uri, toS3Uri } from '../kernel/uri.ts';
import { printReport } from './report.ts';
import { analysisOperation } from './tasks.ts';

/** The jobs and the store behind the analysis service. */
export interface AnalysisParts {
  jobs: Pick<Jobs, 'create'>;
  store: Pick<ObjectStore, 'checkBucket'>;
  runInteractive: RunInteractive;
  dryRun: (draft: JobDraft, signal: AbortSignal) => Promise<JobPlan>;
}

/** Makes the RPCs of the analysis service. */
export function analysisService({ jobs, store, runInteractive, dryRun }: AnalysisParts) {
  return bindService(AnalysisServiceService, {
    async analyzeAsset({ uri, spec, outputUri, requestId }, context) {
      parseObjectUri(uri, 'uri');
      const source: AssetSource = { source: { $case: 'list', value: { uris: [uri] } } };
      const draft = toDraft(source, spec, outputUri, requestId, context.traceId);
      const { job, result, report } = await runInteractive(
        { ...draft, jobClass: JobClass.JOB_CLASS_INTERACTIVE },
        context,
      );
      const found = AnalysisReport.fromJSON(report);
      return {
        report: found,
        reportUri: result.outputs[0]?.uri ?? '',
        jobId: job.jobId,
        reportText: printReport(found, spec?.style ?? ReportStyle.REPORT_STYLE_UNSPECIFIED),
      };
    },

    async createAnalysisJob({ source, spec, outputUri, requestId, replace, dryRun: dry }, { traceId, signal }) {
      const draft = { ...toDraft(source, spec, outputUri, requestId, traceId), replace };
      if (draft.outputUri === '')
        throw invalidRequest({
          field: 'output_uri',
          description: 'is empty; only a prefix source in style VALIDATION goes without',
        });
      return dry
        ? { job: undefined, plan: await dryRun(draft, signal) }
        : { job: await jobs.create(draft, signal), plan: undefined };
    },
  });

  function toDraft(
    source: AssetSource | undefined,
    spec: AnalysisSpec | undefined,
    outputUri: string,
    requestId: string,
    traceId: string,
  ): JobDraft {
    const { buckets } = checkSource(source, requestId);
    const violations = oneOf('spec.style', spec?.style ?? ReportStyle.REPORT_STYLE_UNSPECIFIED, ReportStyle);
    if (violations.length > 0) throw invalidRequest(...violations);
    for (const bucket of buckets) store.checkBucket(bucket);
    const beside =
      outputUri === '' && spec?.style !== ReportStyle.REPORT_STYLE_INSPECTION ? besideUri(source!) : undefined;
    const place = beside ?? normaliseOutputUri(outputUri);
    if (place !== '') store.checkBucket(parseS3Uri(place, 'output_uri').bucket);
    return {
      operation: analysisOperation.name,
      source: source!,
      spec: toSpecJson(spec),
      outputUri: place,
      outputsBesideAssets: beside !== undefined,
      jobClass: JobClass.JOB_CLASS_BATCH,
      requestId,
      replace: false,
      retryOf: '',
      traceId,
    };
  }
}

/** Returns the folder of a prefix source: its `_cyclorama/` takes the records if reports lie beside their assets. */
function besideUri({ source }: AssetSource): string | undefined {
  if (source?.$case !== 'prefix') return undefined;
  const { bucket, key } = parseS3Uri(source.value.prefixUri, 'source.prefix.prefix_uri');
  return toS3Uri({ bucket, key: key.slice(0, key.lastIndexOf('/') + 1) });
}

/** Writes a spec as protobuf JSON without fields that have their default value. */
export function toSpecJson(spec: AnalysisSpec | undefined): { [field: string]: unknown } {
  const style =
    spec?.style === ReportStyle.REPORT_STYLE_VALIDATION
      ? ReportStyle.REPORT_STYLE_UNSPECIFIED
      : (spec?.style ?? ReportStyle.REPORT_STYLE_UNSPECIFIED);
  return AnalysisSpec.toJSON({ style }) as { [field: string]: unknown };
}
