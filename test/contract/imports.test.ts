import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { findCycles, readImports, readPythonImports, readSources, type SourceFile } from '../support/source-files.ts';

/** One room: a folder, the files that may lie in it where it is divided into rooms itself, and what it may import. */
interface Room {
  /** Of our own files: folders (all below them) and single files. A room always imports its own folder. */
  imports: string[];
  /** Files that lie flat in a folder of rooms; without it the folder is not divided. */
  flat?: RegExp;
}

/** Every kernel room imports the root and the rooms before it. */
const KERNEL_ORDER = 'process store bus rpc blender asset dataset jobs sources drive service work'.split(' ');
/** Every CLI room imports the rooms before it. */
const CLI_ORDER = 'terminal stack connect files job analysis rendering sheet doctor completion commands'.split(' ');
const kernel = (name: string): string => `services/kernel/${name}`;
/** The kernel's root: words and tools of all rooms, which open no file, socket or process. */
const KERNEL_ROOT = ['budget', 'concurrency', 'device', 'disk-fault', 'failure', 'fields', 'page-token', 'signal']
  .concat(['suffixes', 'uri'])
  .map((name) => `services/kernel/${name}.ts`);
const PURE = ['gen', ...KERNEL_ROOT, 'services/images'];

/** What the CLI may import of the kernel: what needs no running service, and the client's side of gRPC. */
const CLI_KERNEL = [
  ...KERNEL_ROOT,
  ...['process', 'store', 'dataset', 'sources', 'asset'].map(kernel),
  'services/kernel/rpc/client.ts',
  'services/kernel/jobs/state.ts',
];

/** The rooms of services/ and cli/: a file belongs to the longest folder here that holds it. */
const ROOMS: Record<string, Room> = {
  services: { imports: [], flat: /^$/ },
  'services/kernel': { imports: ['gen', ...KERNEL_ROOT], flat: /^[a-z-]+\.ts$/ },
  ...Object.fromEntries(
    KERNEL_ORDER.map((name, index) => [
      kernel(name),
      { imports: ['gen', ...KERNEL_ROOT, ...KERNEL_ORDER.slice(0, index).map(kernel)] },
    ]),
  ),
  'services/images': { imports: PURE },
  ...Object.fromEntries(['discovery', 'analysis', 'rendering'].map((name) => [`services/${name}`, { imports: PURE }])),
  'services/worker': { imports: ['services/kernel', 'package.json'] },
  cli: {
    imports: ['gen', ...CLI_KERNEL, 'services/images', 'package.json', 'scripts', 'cli'],
    flat: /^(?:main|program)\.ts$/,
  },
  ...Object.fromEntries(
    CLI_ORDER.map((name, index) => [
      `cli/${name}`,
      {
        imports: [
          ...['gen', ...CLI_KERNEL, 'services/images', 'package.json', 'scripts'],
          ...CLI_ORDER.slice(0, index).map((room) => `cli/${room}`),
        ],
      },
    ]),
  ),
};

/** Files of a service that act, and the one that wires them, may import more than its pure files. */
const SERVICE_FILES: [RegExp, string[]][] = [
  [/^services\/[a-z-]+\/(?:handlers|tasks|main)\.ts$/, ['services/kernel']],
  [/^services\/worker\/main\.ts$/, ['services/analysis/tasks.ts', 'services/rendering/tasks.ts']],
];

/** Clients of others, and the rooms that hold them. */
const WRAPPED: [RegExp, string[]][] = [
  [/^nats$/, ['bus'].map(kernel)],
  [/^@(?:aws-sdk|smithy)\//, ['store'].map(kernel)],
  // `cyclorama call` makes clients of services that it learns of at run time.
  [/^@grpc\//, [kernel('rpc'), 'cli/connect', 'cli/commands']],
  [/^(?:pino|prom-client)$/, ['process'].map(kernel)],
  [/^execa$/, [...['process', 'blender', 'asset'].map(kernel), 'cli/doctor']],
];

const EFFECTS =
  /\bprocess\.|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bsetTimeout\b|\brandom(?:Bytes|UUID)\b/;

const isOurs = (imported: string): boolean =>
  /^(?:services|cli|test|scripts|gen|bench)\//.test(imported) || imported === 'package.json';
const isIn = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** The innermost room that holds a file. */
function roomOf(path: string): string {
  let folder = dirname(path);
  while (!(folder in ROOMS) && folder !== '.') folder = dirname(folder);
  return folder;
}

/** Returns whether a file only computes: those of images, and of a service all but handlers, tasks and main. */
function isPure(path: string): boolean {
  const room = roomOf(path);
  if (room === 'services/images') return true;
  const isService = /^services\/(?!kernel|worker)/.test(room);
  return isService && !/\/(?:handlers|tasks|main)\.ts$/.test(path);
}

function mayImport(path: string, imported: string): boolean {
  if (!isOurs(imported)) {
    const wrapped = WRAPPED.find(([name]) => name.test(imported));
    if (wrapped) return wrapped[1].some((room) => isIn(path, room));
    return !isPure(path) || imported === 'node:crypto';
  }
  const room = roomOf(path);
  const more = SERVICE_FILES.flatMap(([files, places]) => (files.test(path) ? places : []));
  const own = ROOMS[room]?.flat ? [] : [room];
  return [...own, ...(ROOMS[room]?.imports ?? []), ...more].some((place) => isIn(imported, place));
}

const typescript = [...readSources('services', '.ts'), ...readSources('cli', '.ts')];
const python = readSources('blender-runtime/cyclorama_blender', '.py');

test('every TypeScript file imports only what its room may', () => {
  expect(typescript.length).toBeGreaterThan(50);
  const wrong = typescript.flatMap((file) =>
    readImports(file)
      .filter((imported) => !mayImport(file.path, imported))
      .map((imported) => `${file.path} (${roomOf(file.path)}) imports ${imported}`),
  );
  expect(wrong).toEqual([]);
});

test('every folder of services and cli is a room or lies in one, and no file lies flat where rooms are', () => {
  const flat = typescript
    .filter(({ path }) => {
      const room = roomOf(path);
      const allowed = ROOMS[room]?.flat;
      return !(room in ROOMS) || (allowed && (dirname(path) !== room || !allowed.test(basename(path))));
    })
    .map(({ path }) => path);
  const kernelRoot = typescript.filter(({ path }) => dirname(path) === 'services/kernel').map(({ path }) => path);
  expect(flat).toEqual([]);
  expect(kernelRoot.filter((path) => !KERNEL_ROOT.includes(path))).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const everything = [...typescript, ...readSources('bench', '.ts'), ...readSources('test', '.ts')];
  expect(findCycles(everything, readImports)).toEqual([]);
  expect(findCycles(python, (file) => readPythonImports(file).map(toPythonPath))).toEqual([]);
});

test('a room holds at most 25 files of its own, and their names do not repeat its name', () => {
  const files = [...typescript, ...python].filter(({ path }) => !path.endsWith('__init__.py'));
  const byFolder = Map.groupBy(files, ({ path }) => dirname(path));
  expect([...byFolder].filter(([, inside]) => inside.length > 25).map(([folder]) => folder)).toEqual([]);
  const repeating = files.filter(
    ({ path }) => /^[a-z]+[-_]/.exec(basename(path))?.[0].slice(0, -1) === basename(dirname(path)),
  );
  expect(repeating.map(({ path }) => path)).toEqual([]);
});

test('the words of all kernel rooms, at its root, open no file, socket or process', () => {
  const root = typescript.filter(({ path }) => KERNEL_ROOT.includes(path));
  const effects = root.flatMap((file) =>
    readImports(file)
      .filter((imported) => !isOurs(imported) && !/^node:(?:crypto|timers\/promises)$/.test(imported))
      .map((imported) => `${file.path} imports ${imported}`),
  );
  expect(effects).toEqual([]);
});

test('domain files touch no clock, no chance, no environment', () => {
  const domain = typescript.filter(({ path }) => isPure(path));
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

const PACKAGE = 'blender-runtime/cyclorama_blender';
/** The rooms of the Blender runtime, and what each imports besides itself. */
const PYTHON_ROOMS: Record<string, string[]> = {
  protocol: [],
  maths: ['protocol'],
  imaging: ['protocol', 'maths'],
  'scene/asset': ['protocol', 'maths'],
  'scene/staging': ['protocol', 'maths', 'scene/asset'],
  'scene/render': ['protocol', 'maths', 'scene/asset', 'scene/staging'],
  scene: ['protocol', 'maths', 'scene/asset', 'scene/staging', 'scene/render'],
  // Files beside the rooms, where processes and scripts begin. `serve.py` finds its room at run time, by its option.
  '': ['protocol'],
};
/** Reads argv, and joins the rooms that know bpy and those that do not. */
const PYTHON_MAIN = 'serve.py';
/** Begins the scripts' processes, which it starts again with a hash seed. */
const SCRIPT_START = 'standalone.py';
/** What lies beside the rooms: where processes and scripts begin. */
const PYTHON_FLAT = ['__init__.py', PYTHON_MAIN, SCRIPT_START, 'report.py'];
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

const pythonRoom = (path: string): string => dirname(path).slice(PACKAGE.length + 1);
/** The rooms that a file may import: those of its own room's row, and the scripts' start also imports and inspects. */
const roomsFor = (path: string): string[] => [
  pythonRoom(path),
  ...PYTHON_ROOMS[pythonRoom(path)]!,
  ...(path === `${PACKAGE}/${SCRIPT_START}` ? ['scene/asset'] : []),
];

/** The file of a module of ours; a module of others keeps its name. */
function toPythonPath(module: string): string {
  const path = `blender-runtime/${module.replaceAll('.', '/')}`;
  return python.some((file) => file.path === `${path}/__init__.py`) ? `${path}/__init__.py` : `${path}.py`;
}

test('every Python file lies in a room and imports only rooms before it', () => {
  expect(python.length).toBeGreaterThan(5);
  const flat = python.filter(({ path }) =>
    pythonRoom(path) === '' ? !PYTHON_FLAT.includes(basename(path)) : !(pythonRoom(path) in PYTHON_ROOMS),
  );
  expect(flat.map(({ path }) => path)).toEqual([]);
  const inScene = python.filter(({ path }) => pythonRoom(path) === 'scene').map(({ path }) => basename(path));
  expect(inScene.toSorted()).toEqual(['__init__.py', 'room.py']);
  const wrong = python.flatMap((file) =>
    readPythonImports(file)
      .filter((module) => module.startsWith('cyclorama_blender.'))
      .map((module) => pythonRoom(toPythonPath(module)))
      .filter((room) => !roomsFor(file.path).includes(room))
      .map((room) => `${file.path} imports the room '${room}'`),
  );
  expect(wrong).toEqual([]);
  // The rules read whole names.
  expect(python.filter(({ text }) => /^\s*from \./m.test(text)).map(({ path }) => path)).toEqual([]);
});

test('the Blender runtime knows no network, and argv and environment only where a process begins', () => {
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
  const usesBpy = (file: SourceFile): boolean =>
    readPythonImports(file).some((name) => ['bpy', 'bmesh', 'mathutils'].includes(name));
  const users = python.filter(usesBpy).map(({ path }) => path);
  expect(users).toContain(`${PACKAGE}/scene/asset/importers.py`);
  // A script begins by importing bpy, so that a Python without it gets a plain sentence.
  expect(users.filter((path) => !path.startsWith(`${PACKAGE}/scene/`))).toEqual([`${PACKAGE}/${SCRIPT_START}`]);
});
