import {
  AnalysisReport,
  AnalysisServiceService,
  AnalysisSpec,
  ReportStyle,
} from '../../gen/cyclorama/analysis/v1/analysis.ts';
import type { AssetSource } from '../../gen/cyclorama/asset/v1/asset.ts';
import { oneOf } from '../kernel/fields.ts';
import { bindService } from '../kernel/rpc/service.ts';
import { createRequests, type RequestParts, type RequestRules } from '../kernel/service/requests.ts';
import { parseS3Uri, toS3Uri } from '../kernel/uri.ts';
import { printReport } from './report.ts';
import { analysisOperation } from './tasks.ts';

const { REPORT_STYLE_UNSPECIFIED, REPORT_STYLE_VALIDATION, REPORT_STYLE_INSPECTION } = ReportStyle;

const RULES: RequestRules<AnalysisSpec> = {
  operation: analysisOperation.name,
  check(request, isJob) {
    const violations = oneOf('spec.style', request.spec?.style ?? REPORT_STYLE_UNSPECIFIED, ReportStyle);
    if (isJob && request.outputUri === '' && besideUri(request) === undefined) {
      const description = 'is empty; only a prefix source in style VALIDATION goes without';
      violations.push({ field: 'output_uri', description });
    }
    return violations;
  },
  toSpecJson,
  folderBesideAssets: besideUri,
};

/** Makes the RPCs of the analysis service. */
export function analysisService(kernel: RequestParts) {
  const requests = createRequests(kernel, RULES);
  return bindService(AnalysisServiceService, {
    async analyzeAsset(request, context) {
      const { job, result, report } = await requests.runOne(request, context);
      const found = AnalysisReport.fromJSON(report);
      return {
        report: found,
        reportUri: result.outputs[0]?.uri ?? '',
        jobId: job.jobId,
        reportText: printReport(found, request.spec?.style ?? REPORT_STYLE_UNSPECIFIED),
      };
    },

    createAnalysisJob: requests.create,
  });
}

/**
 * Returns the folder of a prefix source, if reports lie beside their assets: its `_cyclorama/` takes the records.
 * Only reports in style VALIDATION lie there.
 */
function besideUri({
  source,
  spec,
}: {
  source: AssetSource | undefined;
  spec: AnalysisSpec | undefined;
}): string | undefined {
  const kind = source?.source;
  if (kind?.$case !== 'prefix' || spec?.style === REPORT_STYLE_INSPECTION) return undefined;
  const { bucket, key } = parseS3Uri(kind.value.prefixUri, 'source.prefix.prefix_uri');
  return toS3Uri({ bucket, key: key.slice(0, key.lastIndexOf('/') + 1) });
}

/** Writes a spec as protobuf JSON without fields that have their default value. */
export function toSpecJson(spec: AnalysisSpec | undefined): { [field: string]: unknown } {
  const style = spec?.style ?? REPORT_STYLE_UNSPECIFIED;
  const stored = style === REPORT_STYLE_VALIDATION ? REPORT_STYLE_UNSPECIFIED : style;
  return AnalysisSpec.toJSON({ style: stored }) as { [field: string]: unknown };
}
