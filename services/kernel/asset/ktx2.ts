import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';

import { PNG } from 'pngjs';

/** The part of Binomial's transcoder that we use. */
interface BasisModule {
  initializeBasis(): void;
  KTX2File: new (bytes: Uint8Array) => Ktx2File;
}

interface Ktx2File {
  isValid(): boolean;
  getWidth(): number;
  getHeight(): number;
  startTranscoding(): boolean;
  getImageTranscodedSizeInBytes(level: number, layer: number, face: number, format: number): number;
  transcodeImage(
    target: Uint8Array,
    level: number,
    layer: number,
    face: number,
    format: number,
    ...rest: number[]
  ): boolean;
  close(): void;
  delete(): void;
}

type BasisFactory = (options: { wasmBinary: Buffer }) => Promise<BasisModule>;

const RGBA32 = 13;
const KTX2_MAGIC = Buffer.from('ab4b5458203230bb0d0a1a0a', 'hex');

/** Returns whether bytes are a KTX2 container. The MIME type does not matter. */
export function isKtx2(bytes: Uint8Array): boolean {
  return KTX2_MAGIC.equals(bytes.subarray(0, KTX2_MAGIC.length));
}

/** Loads the Basis Universal transcoder of the npm package three, and returns a function that turns KTX2 into PNG. */
export async function createKtx2Decoder(): Promise<(bytes: Uint8Array) => Buffer> {
  const require = createRequire(import.meta.url);
  const script = require.resolve('three/examples/jsm/libs/basis/basis_transcoder.js');
  const wasmBinary = await readFile(script.replace(/\.js$/, '.wasm'));
  // It is a classic script in a package of type module, so neither import nor require returns its definitions.
  const load = compileFunction(await readFile(script, 'utf8'), [
    'module',
    'exports',
    'require',
    '__filename',
    '__dirname',
  ]);
  const module: { exports: unknown } = { exports: {} };
  load(module, module.exports, require, script, dirname(script));
  const basis = await (module.exports as BasisFactory)({ wasmBinary });
  basis.initializeBasis();
  return (bytes) => toPng(basis, bytes);
}

function toPng(basis: BasisModule, bytes: Uint8Array): Buffer {
  const file = new basis.KTX2File(bytes);
  try {
    if (!file.isValid()) throw new Error('not a KTX2 texture of the Basis Universal kind (ETC1S or UASTC)');
    if (!file.startTranscoding()) throw new Error('the transcoder refuses the KTX2 texture');
    const data = Buffer.alloc(file.getImageTranscodedSizeInBytes(0, 0, 0, RGBA32));
    if (!file.transcodeImage(data, 0, 0, 0, RGBA32, 0, -1, -1)) throw new Error('the KTX2 texture is broken');
    return PNG.sync.write({ width: file.getWidth(), height: file.getHeight(), data }, { deflateLevel: 3 });
  } finally {
    file.close();
    file.delete();
  }
}
