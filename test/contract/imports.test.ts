import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { readImports, readPythonImports, readSources, type SourceFile } from '../support/source-files.ts';

/** What kernel files wrap, so that nobody else holds them. */
const WRAPPED = /^(?:nats|@aws-sdk\/|@smithy\/|@grpc\/|pino|prom-client|execa)/;
/** Parts of the kernel without effects, which pure files may use. */
const PURE_KERNEL = new Set(
  ['sources/suffixes', 'fields', 'failure', 'rpc/page-token', 'uri'].map((name) => `services/kernel/${name}.ts`),
);
/** The parts of the bus; nothing else knows NATS. */
const BUS = /^services\/kernel\/bus\/[a-z]+\.ts$/;
const EFFECTS =
  /\bprocess\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bsetTimeout\b|\brandom(?:Bytes|UUID)\b/;

type Rule = (imported: string, importer: string) => boolean;
const isOurs = (imported: string): boolean => /^(?:services|cli|test|scripts|gen|bench)\//.test(imported);
const isGenerated = (imported: string): boolean => imported.startsWith('gen/');
const isKernel = (imported: string): boolean => imported.startsWith('services/kernel/');
const isImages = (imported: string): boolean => imported.startsWith('services/images/');
const isOwn: Rule = (imported, importer) => imported.startsWith(`${dirname(importer)}/`);

/** STYLE's table of rooms: what a file of each may import. */
const ROOMS: Record<string, Rule> = {
  kernel: (imported, importer) =>
    imported === 'nats' ? BUS.test(importer) : !isOurs(imported) || isGenerated(imported) || isKernel(imported),
  domain: (imported, importer) =>
    isOwn(imported, importer) ||
    isGenerated(imported) ||
    PURE_KERNEL.has(imported) ||
    isImages(imported) ||
    imported === 'node:crypto',
  acting: (imported, importer) =>
    isOwn(imported, importer) ||
    isGenerated(imported) ||
    isKernel(imported) ||
    isImages(imported) ||
    (!isOurs(imported) && !WRAPPED.test(imported)),
  main: (imported, importer) => isOwn(imported, importer) || isKernel(imported),
  worker: (imported) =>
    isKernel(imported) || imported === 'package.json' || /^services\/[a-z-]+\/tasks\.ts$/.test(imported),
  cli: (imported) =>
    imported.startsWith('cli/') ||
    isGenerated(imported) ||
    isKernel(imported) ||
    isImages(imported) ||
    (!isOurs(imported) && imported !== 'nats') ||
    imported.startsWith('scripts/'),
};

function roomOf(path: string): string {
  if (path.startsWith('cli/')) return 'cli';
  if (isKernel(path)) return 'kernel';
  if (path === 'services/worker/main.ts') return 'worker';
  const name = basename(path);
  if (name === 'main.ts') return 'main';
  return name === 'handlers.ts' || name === 'tasks.ts' ? 'acting' : 'domain';
}

const typescript = [...readSources('services', '.ts'), ...readSources('cli', '.ts')];
const python = readSources('blender-runtime/cyclorama_blender', '.py');

test('every TypeScript file imports only what its room may', () => {
  expect(typescript.length).toBeGreaterThan(50);
  const wrong = typescript.flatMap((file) =>
    readImports(file)
      .filter((imported) => !ROOMS[roomOf(file.path)]!(imported, file.path))
      .map((imported) => `${file.path} (${roomOf(file.path)}) imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('domain files touch no clock, no chance, no environment', () => {
  const domain = typescript.filter(({ path }) => roomOf(path) === 'domain');
  expect(domain.length).toBeGreaterThan(4);
  expect(domain.filter(({ text }) => EFFECTS.test(text)).map(({ path }) => path)).toEqual([]);
});

test('there are no barrels and no drawers for odds and ends', () => {
  const drawers = /^(?:index|utils?|helpers?|common|misc)\.ts$/;
  expect(typescript.filter(({ path }) => drawers.test(basename(path))).map(({ path }) => path)).toEqual([]);
  expect(typescript.filter(({ text }) => /^export \*/m.test(text)).map(({ path }) => path)).toEqual([]);
});

test('protos come from this repository and its npm packages, never from a remote registry', () => {
  expect(readFileSync(new URL('../../buf.yaml', import.meta.url), 'utf8')).not.toMatch(/^deps:/m);
});

/** The one Python module that reads argv and joins pure and bpy modules. */
const PYTHON_MAIN = 'serve.py';
/** Begins the scripts' processes, which it starts again with a hash seed. */
const SCRIPT_START = 'standalone.py';
const NETWORK = new Set([
  'asyncio',
  'boto3',
  'ftplib',
  'http',
  'requests',
  'smtplib',
  'socket',
  'ssl',
  'urllib',
  'xmlrpc',
]);

test('the Blender runtime knows no network, and argv and environment only where a process begins', () => {
  expect(python.length).toBeGreaterThan(5);
  const wrong = python.flatMap((file) =>
    readPythonImports(file)
      .filter((name) => NETWORK.has(name))
      .map((name) => `${file.path}: ${name}`),
  );
  expect(wrong).toEqual([]);
  const reads = python.filter(({ text }) => /\bsys\.(?:orig_)?argv\b|\bos\.(?:environ|getenv|putenv)\b/.test(text));
  expect(reads.map(({ path }) => basename(path)).toSorted()).toEqual([PYTHON_MAIN, SCRIPT_START]);
});

test('pure Python modules import no bpy, not by way of another module either', () => {
  const nameOf = ({ path }: SourceFile): string => path.replace(/^blender-runtime\/|\.py$/g, '').replaceAll('/', '.');
  const bpyModules = new Set(python.filter((file) => readPythonImports(file).includes('bpy')).map(nameOf));
  expect(bpyModules).toContain('cyclorama_blender.scene.asset.importers');
  const wrong = python
    .filter((file) => !bpyModules.has(nameOf(file)) && basename(file.path) !== PYTHON_MAIN)
    .flatMap((file) =>
      readPythonImports(file)
        .filter((name) => bpyModules.has(name))
        .map((name) => `${file.path}: ${name}`),
    );
  expect(wrong).toEqual([]);
});
