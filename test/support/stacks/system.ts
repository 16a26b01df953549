import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeTaken, portsFrom } from '../../../cli/stack/ports.ts';
import { type Stack, type StackOptions, startStack } from '../../../cli/stack/stack.ts';
import { freeStackPorts } from './ports.ts';

/** A whole local stack as `cyclorama up` starts it, in a temporary folder. */
export class SystemStack {
  readonly stack: Stack;
  readonly #data: string;

  private constructor(stack: Stack, data: string) {
    this.stack = stack;
    this.#data = data;
  }

  static async create(options: Pick<StackOptions, 'env' | 'parts'> = {}): Promise<SystemStack> {
    return SystemStack.#start({ ...options, portBase: await freeStackPorts() });
  }

  /** Starts on the documented ports if they are free, so that documented commands work unchanged. */
  static async createOnDefaultPorts(): Promise<SystemStack> {
    const taken = await describeTaken(portsFrom());
    return taken.length > 0 ? SystemStack.create() : SystemStack.#start({});
  }

  static async #start(options: StackOptions): Promise<SystemStack> {
    const data = mkdtempSync(join(tmpdir(), 'cyclorama-system-'));
    try {
      return new SystemStack(await startStack({ ...options, data }), data);
    } catch (error) {
      rmSync(data, { recursive: true, force: true });
      throw error;
    }
  }

  /** Writes assets into a bucket as files, by key; creates the bucket if it does not exist. */
  fill(bucket: string, assets: Record<string, Buffer>): void {
    mkdirSync(join(this.stack.dir.buckets, bucket), { recursive: true });
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
