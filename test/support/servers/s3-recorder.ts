import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received request, with the facts of its signature. */
export interface RecordedRequest {
  method: string;
  bucket: string;
  key: string;
  headers: IncomingHttpHeaders;
  /** Access key and region of the signature's scope. */
  accessKeyId: string;
  region: string;
  body: string;
}

const EMPTY_LIST = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>';

/** Answers every S3 request with success and records it; refuses a bucket of another region, as AWS does. */
export class S3Recorder {
  readonly #server: Server;
  readonly requests: RecordedRequest[] = [];
  /** Regions of buckets; other buckets are in us-east-1. */
  readonly regions: Record<string, string> = {};
  /** Regions that the answers claim, for buckets where they are wrong. */
  claimedRegions: Record<string, string> = {};
  /** Kind of refusal: of a wrong region, or of every request (`denied`). */
  refusal: 'redirect' | 'malformed' | 'denied' = 'redirect';

  private constructor(server: Server) {
    this.#server = server;
  }

  static async create(): Promise<S3Recorder> {
    const server = createServer((incoming, outgoing) => {
      recorder.#answer(incoming, outgoing).catch(() => outgoing.destroy());
    });
    const recorder = new S3Recorder(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return recorder;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks = await Array.fromAsync(incoming as AsyncIterable<Buffer>);
    const request = readRequest(incoming, Buffer.concat(chunks).toString());
    this.requests.push(request);
    const region = this.regions[request.bucket] ?? 'us-east-1';
    if (this.refusal === 'denied') {
      outgoing.writeHead(403, { 'content-type': 'application/xml' });
      outgoing.end('<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>');
    } else if (request.bucket !== '' && region !== request.region) {
      const redirect = this.refusal === 'redirect';
      const isHead = request.method === 'HEAD';
      const code = redirect ? 'PermanentRedirect' : 'AuthorizationHeaderMalformed';
      // AWS names the region in a header, and in the body of a refused signature.
      const claimed = this.claimedRegions[request.bucket] ?? region;
      const header = redirect || isHead ? { 'x-amz-bucket-region': claimed } : {};
      outgoing.writeHead(redirect ? 301 : 400, { 'content-type': 'application/xml', ...header });
      const named = redirect ? '' : `<Region>${claimed}</Region>`;
      outgoing.end(isHead ? '' : `<Error><Code>${code}</Code><Message>wrong region</Message>${named}</Error>`);
    } else if (request.method === 'DELETE') outgoing.writeHead(204).end();
    else if (request.key === '') outgoing.writeHead(200, { 'content-type': 'application/xml' }).end(EMPTY_LIST);
    else if (request.method === 'PUT') outgoing.writeHead(200, { etag: '"written"' }).end();
    else
      outgoing.writeHead(200, { etag: '"read"', 'content-length': '4' }).end(request.method === 'HEAD' ? '' : 'body');
  }
}

function readRequest({ method = '', url = '/', headers }: IncomingMessage, body: string): RecordedRequest {
  const [bucket = '', ...rest] = new URL(url, 'http://recorder').pathname.slice(1).split('/');
  const [, accessKeyId = '', region = ''] =
    /Credential=([^/]*)\/\d*\/([^/]*)\//.exec(headers.authorization ?? '') ?? [];
  return { method, bucket, key: decodeURIComponent(rest.join('/')), headers, accessKeyId, region, body };
}
