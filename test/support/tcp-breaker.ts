import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands before a server of this machine and breaks all connections when told, at any byte. */
export class TcpBreaker {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async create(target: number): Promise<TcpBreaker> {
    const server = createServer((incoming) => {
      const onward = connect(target, '127.0.0.1');
      for (const socket of [incoming, onward]) breaker.#keep(socket, socket === incoming ? onward : incoming);
      incoming.pipe(onward).pipe(incoming);
    });
    const breaker = new TcpBreaker(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return breaker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections pass through just now. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.break();
    await new Promise((resolve) => this.#server.close(resolve));
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
