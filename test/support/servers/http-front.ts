import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** An answer that the front gives instead of the server. */
export interface StagedAnswer {
  status: number;
  body: string;
}

/** A server in front of another one. It forwards requests, or answers itself if `stage` returns an answer. */
export class HttpFront {
  readonly #server: Server;
  /** Chooses the answer by URL; undefined forwards the request. */
  stage: (url: URL) => StagedAnswer | undefined = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async create(target: string): Promise<HttpFront> {
    const server = createServer((incoming, outgoing) => {
      const url = new URL(incoming.url ?? '/', target);
      const staged = front.stage(url);
      if (staged) {
        outgoing.writeHead(staged.status, { 'content-type': 'application/xml' }).end(staged.body);
        return;
      }
      // The client's Host header stays, because it is part of the signature.
      const onward = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        pipeline(answer, outgoing).catch(() => outgoing.destroy());
      });
      onward.on('error', () => outgoing.destroy());
      pipeline(incoming, onward).catch(() => outgoing.destroy());
    });
    const front = new HttpFront(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
