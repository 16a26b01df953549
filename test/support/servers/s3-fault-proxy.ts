import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** The kinds of faults of a request. */
export type Fault = 'slow-down' | 'reset' | 'truncated' | 'answer-lost';

/** Share of requests with each fault, 0 to 1. */
export type FaultShares = Partial<Record<Fault, number>>;

const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';
/** Constants of the minimal standard random generator, which makes runs repeatable. */
const [MULTIPLIER, MODULUS] = [48_271, 2_147_483_647];

/** A proxy of an S3 server that makes some requests fail, chosen by a repeatable random sequence. */
export class S3FaultProxy {
  /** Number of times that each fault was made. */
  readonly done: Record<Fault, number> = { 'slow-down': 0, reset: 0, truncated: 0, 'answer-lost': 0 };
  /** Shares of the faults; a test may change them at any time. */
  shares: FaultShares;
  readonly #server: Server;
  /**
   * States of the random sequences. Reads and writes have one each, so that the same faults come whatever the order in
   * which reads and writes arrive. Every fault comes within the first 16 of either.
   */
  readonly #states = { read: 1_001, write: 3 };

  private constructor(server: Server, shares: FaultShares) {
    this.#server = server;
    this.shares = shares;
  }

  /** Starts a proxy; `target` is the port of the real server on this machine. */
  static async create(target: number, shares: FaultShares): Promise<S3FaultProxy> {
    const server = createServer((incoming, outgoing) => {
      const fault = proxy.#draw(incoming);
      if (fault === 'slow-down') {
        incoming.resume();
        outgoing.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN);
        return;
      }
      const { method, url, headers } = incoming;
      const onward = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) =>
        forward(answer, outgoing, fault),
      );
      onward.on('error', () => outgoing.destroy());
      pass(incoming, onward);
    });
    const proxy = new S3FaultProxy(server, shares);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Draws the fault of a request. Only reads can be truncated, and only writes can lose an answer that matters. */
  #draw({ method }: IncomingMessage): Fault | undefined {
    const kind = method === 'GET' ? 'read' : 'write';
    this.#states[kind] = (this.#states[kind] * MULTIPLIER) % MODULUS;
    let chance = this.#states[kind] / MODULUS;
    for (const [fault, share] of Object.entries(this.shares) as [Fault, number][]) {
      chance -= share;
      if (chance >= 0) continue;
      if (fault === 'truncated' && kind === 'write') return undefined;
      if (fault === 'answer-lost' && kind === 'read') return undefined;
      this.done[fault] += 1;
      return fault;
    }
    return undefined;
  }
}

function pass(incoming: IncomingMessage, onward: ClientRequest): void {
  // This proxy has already answered the client's Expect, so the real server must not send 100 Continue.
  onward.removeHeader('expect');
  incoming.pipe(onward);
}

/** Forwards an answer, or breaks it half-way: by a reset, or by an end before the announced length. */
function forward(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): void {
  if (fault === 'answer-lost') {
    answer.resume();
    answer.on('end', () => outgoing.socket?.resetAndDestroy());
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (fault === undefined) {
    answer.pipe(outgoing);
    return;
  }
  const half = Math.floor(Number(answer.headers['content-length'] ?? 2) / 2);
  let sent = 0;
  outgoing.flushHeaders();
  answer.on('data', (chunk: Buffer) => {
    outgoing.write(chunk.subarray(0, Math.max(0, half - sent)));
    sent += chunk.length;
  });
  answer.on('end', () => (fault === 'reset' ? outgoing.socket?.resetAndDestroy() : outgoing.socket?.end()));
}
