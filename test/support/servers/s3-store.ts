import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createMetrics } from '../../../services/kernel/process/metrics.ts';
import { createObjectStore } from '../../../services/kernel/store/object-store.ts';
import type { ObjectStore } from '../../../services/kernel/store/types.ts';

/** Credentials of every S3 server of the tests. */
export const CREDENTIALS = { accessKeyId: 'cyclorama-test', secretAccessKey: 'cyclorama-test-secret' };

/** An S3 server of a test, with a plain client that fills it and with our object store. */
export class S3Endpoint {
  readonly url: string;
  readonly client: S3Client;

  constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`;
    this.client = new S3Client({
      endpoint: this.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: CREDENTIALS,
    });
  }

  /** Environment variables that make our processes and object stores use this server. */
  get environment(): Record<string, string> {
    return {
      CYCLORAMA_S3_ENDPOINT: this.url,
      CYCLORAMA_S3_FORCE_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_REGION: 'us-east-1',
    };
  }

  /** Opens our object store on this server; sets the credentials in this process's environment for the SDK. */
  openStore(allowedBuckets?: string[]): ObjectStore {
    Object.assign(process.env, this.environment);
    const s3 = { endpoint: this.url, forcePathStyle: true, checksums: 'when_supported', region: 'us-east-1' } as const;
    return createObjectStore({ s3, allowedBuckets }, createMetrics('test'));
  }

  async createBucket(bucket: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  /** Writes empty objects, some at a time. */
  async putKeys(bucket: string, keys: string[]): Promise<void> {
    const waiting = [...keys];
    const put = async (): Promise<void> => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.alloc(0) }));
      }
    };
    await Promise.all(Array.from({ length: 16 }, put));
  }

  close(): void {
    this.client.destroy();
  }
}
