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

/** What may go wrong with a request. */
export type Fault = 'slow-down' | 'reset' | 'truncated' | 'answer-lost';

/** Share of requests that meet each fault. */
export type FaultShares = Partial<Record<Fault, number>>;

const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';
/** Numbers of the minimal standard generator, so that a run can be repeated. */
const [MULTIPLIER, MODULUS] = [48_271, 2_147_483_647];

/** Stands before an S3 server and spoils some of the requests, by a fixed sequence of chances. */
export class S3FaultProxy {
  /** How often each fault was done. */
  readonly done: Record<Fault, number> = { 'slow-down': 0, reset: 0, truncated: 0, 'answer-lost': 0 };
  /** May be changed at any time. */
  shares: FaultShares;
  readonly #server: Server;
  #state = 20_240_601;

  private constructor(server: Server, shares: FaultShares) {
    this.#server = server;
    this.shares = shares;
  }

  /** `target` is the port of the real server on this machine. */
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

  /** Draws the fault of a request; only what is read has a body to break, only what is written an answer that matters. */
  #draw({ method }: IncomingMessage): Fault | undefined {
    this.#state = (this.#state * MULTIPLIER) % MODULUS;
    let chance = this.#state / MODULUS;
    for (const [fault, share] of Object.entries(this.shares) as [Fault, number][]) {
      chance -= share;
      if (chance >= 0) continue;
      if (fault === 'truncated' && method !== 'GET') return undefined;
      if (fault === 'answer-lost' && method === 'GET') return undefined;
      this.done[fault] += 1;
      return fault;
    }
    return undefined;
  }
}

function pass(incoming: IncomingMessage, onward: ClientRequest): void {
  // versitygw's 100 Continue is for our own request; the client's was answered by this server.
  onward.removeHeader('expect');
  incoming.pipe(onward);
}

/** Hands an answer on, or breaks it off half-way: by a reset, or by an end before the length that was told. */
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
