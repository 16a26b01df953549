import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Config } from '../process/config.ts';

/** An access key of an S3 server. */
export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
}

/** One S3 client for each region that a bucket turned out to lie in. */
export interface S3Clients {
  /** Calls `use` with the client of the bucket's region, and again if the store names another region. */
  at<T>(bucket: string, use: (client: S3Client) => Promise<T>): Promise<T>;
  close(): void;
}

/**
 * The SDK would write to the console, between the lines of our log; its errors carry all that we need.
 * Without `info` and `error` it does not copy every request and answer, which takes a seventh of a listing's time.
 */
const SILENT = { debug() {}, warn() {} } as unknown as NonNullable<S3ClientConfig['logger']>;

/** Stores refuse a request for the wrong region with these statuses. */
const WRONG_REGION = new Set([301, 307, 400]);

/**
 * Opens the clients. Without `key`, credentials come from AWS's default chain, through a role if one is configured.
 * We learn the regions ourselves, because the SDK's followRegionRedirects changes the region of the shared client while
 * other requests are under way, asks the wrong region before every request, and cannot send a file twice.
 */
export function createS3Clients(s3: Config['s3'], key?: AccessKey): S3Clients {
  const checksums = s3.checksums === 'when_required' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const options = {
    ...(s3.endpoint === undefined ? {} : { endpoint: s3.endpoint }),
    forcePathStyle: s3.forcePathStyle,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    maxAttempts: 4,
    logger: SILENT,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      socketTimeout: 30_000,
      httpAgent: { maxSockets: 128, keepAlive: true },
      httpsAgent: { maxSockets: 128, keepAlive: true },
    }),
  } as const;
  const credentials = key ?? (s3.role && assumeRole(s3.role, s3.region));
  const home = new S3Client({ ...options, region: s3.region, ...(credentials === undefined ? {} : { credentials }) });
  const clients = new Map([[s3.region, home]]);
  const regions = new Map<string, string>();

  const clientOf = (region: string): S3Client => {
    // All clients share the home client's credentials, so that a role is assumed once.
    const client = clients.get(region) ?? new S3Client({ ...options, region, credentials: home.config.credentials });
    clients.set(region, client);
    return client;
  };

  return {
    async at(bucket, use) {
      const region = regions.get(bucket) ?? s3.region;
      try {
        return await use(clientOf(region));
      } catch (error) {
        const actual = readBucketRegion(error);
        if (actual === undefined || actual === region) throw error;
        regions.set(bucket, actual);
        return use(clientOf(actual));
      }
    },
    close() {
      for (const client of clients.values()) client.destroy();
    },
  };
}

function assumeRole(
  { arn, externalId, sessionName }: NonNullable<Config['s3']['role']>,
  region: string,
): ReturnType<typeof fromTemporaryCredentials> {
  return fromTemporaryCredentials({
    params: {
      RoleArn: arn,
      RoleSessionName: sessionName,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    clientConfig: { region },
  });
}

interface RegionRefusal {
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
  Region?: string;
}

/** Reads the region that a refusal names, in a header or, if the signature was for the wrong region, in its body. */
function readBucketRegion(error: unknown): string | undefined {
  const { $metadata, $response, Region } = error as RegionRefusal;
  if (!WRONG_REGION.has($metadata?.httpStatusCode ?? 0)) return undefined;
  return $response?.headers?.['x-amz-bucket-region'] ?? Region;
}
