import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { invalidRequest } from '../../services/kernel/failure.ts';
import type { SheetSource } from './source.ts';

const HOST = '127.0.0.1';
/** Types that a browser may show; it saves all others. HTML is not among them, because a dataset may hold any file. */
const TYPES: Record<string, string> = {
  png: 'image/png',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  jsonl: 'text/plain; charset=utf-8',
  md: 'text/plain; charset=utf-8',
};
const HTML = 'text/html; charset=utf-8';

/** A server that shows one dataset to the browser of this machine. */
export interface SheetServer {
  /** The address of index.html. It holds a secret: a request without it is refused. */
  url: string;
  close(): Promise<void>;
}

/** Options of the server. */
export interface ServeOptions {
  /** 0 takes any free port. */
  port: number;
  signal: AbortSignal;
  /** Is called when a file cannot be read. */
  onTrouble: (error: unknown) => void;
}

/** Serves a dataset's files, read only, on the loopback interface and below a path that cannot be guessed. */
export async function serveSheet(source: SheetSource, { port, signal, onTrouble }: ServeOptions): Promise<SheetServer> {
  const token = randomBytes(18).toString('base64url');
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.writableEnded) response.destroy();
      // A browser may close the connection in the middle of an image.
      if (!signal.aborted && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') onTrouble(error);
    });
  });
  await listen(server, port);
  const { port: taken } = server.address() as AddressInfo;
  const hosts = [`${HOST}:${taken}`, `localhost:${taken}`];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number): void => {
      response.writeHead(status, { 'Content-Type': 'text/plain', ...SAFETY }).end(`${status}\n`);
    };
    // Another page may let its own host name resolve to this address (DNS rebinding); its requests carry that name.
    if (!hosts.includes(request.headers.host ?? '')) return refuse(403);
    const parts = readPath(request.url ?? '', token);
    if (parts === undefined) return refuse(404);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405);
    const file = await source(parts, signal).catch((error: unknown) => {
      refuse(502);
      throw error;
    });
    if (file === undefined) return refuse(404);
    // A file that was copied into the store's folder by hand has no ETag, so the browser cannot reuse its copy.
    const etag = file.etag === '' ? undefined : `"${file.etag}"`;
    const isIndex = parts.join('/') === 'index.html';
    const headers = {
      ...SAFETY,
      ...(isIndex ? {} : { 'Content-Security-Policy': 'sandbox' }),
      ...(etag && { ETag: etag }),
    };
    if (etag !== undefined && request.headers['if-none-match'] === etag)
      return void response.writeHead(304, headers).end();
    const type = isIndex ? HTML : typeOf(parts.at(-1)!);
    response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': file.sizeBytes });
    if (request.method === 'HEAD') response.end();
    else await pipeline(file.open(signal), response, { signal });
  }

  return {
    url: `http://${HOST}:${taken}/${token}/index.html`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const SAFETY = {
  'Cache-Control': 'private, no-cache',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Reads the parts of a path below `/<token>/`, decoded. Returns undefined for a path without the token, for parts that
 * could lead out of a folder, and for a folder. Parts may be empty, since keys may have two slashes in a row.
 */
export function readPath(url: string, token: string): string[] | undefined {
  const [, given = '', ...rest] = url.split('?')[0]!.split('/');
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  if (left.length !== right.length || !timingSafeEqual(left, right)) return undefined;
  try {
    const parts = rest.map(decodeURIComponent);
    const isSafe = parts.every((part) => !/^\.{1,2}$|[/\\\0]/.test(part));
    return isSafe && parts.at(-1) ? parts : undefined;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const description = `${port} is taken by another program; expected a port that is free`;
      reject(error.code === 'EADDRINUSE' ? invalidRequest({ field: '--port', description }) : error);
    };
    server.once('error', fail).listen(port, HOST, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
