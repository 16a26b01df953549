import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { SERVICES } from './services.ts';

export const HOST = '127.0.0.1';
/** Number of ports that a stack takes from its base; a second replica takes those after them. */
export const SPAN = 100;

/** Ports of a stack by name: `nats`, `natsMonitor`, `s3`, `worker`, and `NAME`, `NAME.http` of each service. */
export type Ports = Record<string, number>;

/** Returns the default ports, or ports that start at `base`. */
export function portsFrom(base?: number): Ports {
  if (base === undefined) {
    const ports: Ports = { nats: 4222, natsMonitor: 8222, s3: 9000, worker: 9110 };
    for (const { name, grpcPort, httpPort } of SERVICES)
      Object.assign(ports, { [name]: grpcPort, [`${name}.http`]: httpPort });
    return ports;
  }
  const ports: Ports = { nats: base + 30, natsMonitor: base + 31, s3: base + 32, worker: base + 20 };
  SERVICES.forEach(({ name }, index) => {
    Object.assign(ports, { [name]: base + index, [`${name}.http`]: base + 10 + index });
  });
  return ports;
}

/** Names each port that is in use, and the process that listens on it, so that the user can stop it. */
export async function describeTaken(ports: Ports): Promise<string[]> {
  const taken = await Promise.all(
    Object.entries(ports).map(async (entry) => ((await isFree(entry[1])) ? [] : [entry])),
  );
  return taken.flat().map(([name, port]) => `port ${port} (${name}) is in use by ${listener(port)}`);
}

/** Finds a base from which all ports of a stack are free now. */
export async function freePortBase(first = 20_000): Promise<number> {
  for (let base = first; base + SPAN < 32_000; base += SPAN) {
    const free = await Promise.all(Object.values(portsFrom(base)).map(isFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${SPAN} ports in a row are free between ${first} and 32000`);
}

/** Returns whether nothing listens on a port of this machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Describes the process that listens on a port, as far as this user may see. */
function listener(port: number): string {
  const inodes = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
  for (const pid of inodes.size === 0 ? [] : numericNames('/proc')) {
    for (const fd of numericNames(`/proc/${pid}/fd`)) {
      if (inodes.has(readLink(`/proc/${pid}/fd/${fd}`)))
        return `process ${pid} (${readText(`/proc/${pid}/comm`).trim()})`;
    }
  }
  return "another user's process (ask: ss -ltnp)";
}

function listeningInodes(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
    readText(file)
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')
      .map((fields) => fields[9] ?? ''),
  );
}

// What is gone or not ours to see counts as empty: the answer is a hint for a person.
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function readLink(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return '';
  }
}

function numericNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
