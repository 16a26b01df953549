import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeTaken, freePortBase, portsFrom } from '../../cli/stack/ports.ts';
import { type Stack, type StackOptions, startStack } from '../../cli/stack/stack.ts';

/** A whole local stack on a temporary folder, as `cyclorama up` starts it. */
export class SystemStack {
  readonly stack: Stack;
  readonly #data: string;

  private constructor(stack: Stack, data: string) {
    this.stack = stack;
    this.#data = data;
  }

  static async create(options: Pick<StackOptions, 'env' | 'portBase' | 'parts'> = {}): Promise<SystemStack> {
    const data = mkdtempSync(join(tmpdir(), 'cyclorama-system-'));
    try {
      const portBase = options.portBase ?? (await freePortBase());
      return new SystemStack(await startStack({ ...options, data, portBase }), data);
    } catch (error) {
      rmSync(data, { recursive: true, force: true });
      throw error;
    }
  }

  /** On the documented ports where they are free, so that documented commands work as they stand. */
  static async createOnDefaultPorts(): Promise<SystemStack> {
    const data = mkdtempSync(join(tmpdir(), 'cyclorama-system-'));
    const taken = await describeTaken(portsFrom());
    return new SystemStack(
      await startStack({ data, ...(taken.length > 0 ? { portBase: await freePortBase() } : {}) }),
      data,
    );
  }

  /** Puts assets into a bucket, as files, by key. */
  fill(bucket: string, assets: Record<string, Buffer>): void {
    for (const [key, content] of Object.entries(assets)) {
      const path = join(this.stack.dir.buckets, bucket, key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }

  async close(): Promise<void> {
    await this.stack.stop();
    rmSync(this.#data, { recursive: true, force: true, maxRetries: 3 });
  }
}
