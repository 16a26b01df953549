import { AnalysisServiceClient } from '../../gen/cyclorama/analysis/v1/analysis.ts';
import { DiscoveryServiceClient } from '../../gen/cyclorama/discovery/v1/discovery.ts';
import { JobServiceClient } from '../../gen/cyclorama/job/v1/job_service.ts';
import { RenderingServiceClient } from '../../gen/cyclorama/rendering/v1/rendering.ts';
import { type ClientSecurity, createClient } from '../../services/kernel/rpc/client.ts';
import type { ServiceName } from '../stack/services.ts';
import type { Addresses } from './addresses.ts';

/** Opens a client of the discovery service. */
export function openDiscovery({ discovery }: Addresses, security: ClientSecurity): DiscoveryServiceClient {
  return createClient(DiscoveryServiceClient, discovery, security);
}

/** Opens a client of the analysis service. */
export function openAnalysis({ analysis }: Addresses, security: ClientSecurity): AnalysisServiceClient {
  return createClient(AnalysisServiceClient, analysis, security);
}

/** Opens a client of the rendering service. */
export function openRendering({ rendering }: Addresses, security: ClientSecurity): RenderingServiceClient {
  return createClient(RenderingServiceClient, rendering, security);
}

/** Opens a client of the job service, which every server has, at one of them. */
export function openJobs(addresses: Addresses, at: ServiceName, security: ClientSecurity): JobServiceClient {
  return createClient(JobServiceClient, addresses[at], security);
}
