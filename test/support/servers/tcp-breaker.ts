import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy of a server on this machine that breaks all connections on demand, at any byte. */
export class TcpBreaker {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #bytesLeft = Number.POSITIVE_INFINITY;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async create(target: number): Promise<TcpBreaker> {
    const server = createServer((incoming) => {
      const onward = connect(target, '127.0.0.1');
      for (const socket of [incoming, onward]) breaker.#keep(socket, socket === incoming ? onward : incoming);
      incoming.pipe(onward);
      onward.on('data', (chunk: Buffer) => breaker.#pass(chunk, incoming));
    });
    const breaker = new TcpBreaker(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return breaker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Breaks all connections once the server has sent this many more bytes. */
  breakAfter(bytes: number): void {
    this.#bytesLeft = bytes;
  }

  async close(): Promise<void> {
    this.break();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(chunk: Buffer, incoming: Socket): void {
    incoming.write(chunk.subarray(0, this.#bytesLeft));
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft > 0) return;
    this.#bytesLeft = Number.POSITIVE_INFINITY;
    // Bytes that were written still arrive; later bytes of the server are lost.
    for (const socket of this.#sockets) socket.destroySoon();
  }

  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}
