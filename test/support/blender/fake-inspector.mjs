// This program replaces Blender's inspect operation, so that tests of jobs need no Blender. It takes the counts from
// the JSON of the GLB. The name of the asset's first material may ask for another act, see `acts`.
import { existsSync, readFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

function send(event) {
  writeSync(4, `${JSON.stringify(event)}\n`);
}

function readJson(path) {
  const bytes = readFileSync(path);
  return JSON.parse(bytes.toString('utf8', 20, 20 + bytes.readUInt32LE(12)));
}

function inspect(requestId, { meshes = [], accessors = [], materials = [] }) {
  const primitives = meshes.flatMap((mesh) => mesh.primitives);
  const sum = (read) => primitives.reduce((total, primitive) => total + accessors[read(primitive)].count, 0);
  const faces = String(sum(({ indices }) => indices) / 3);
  const inspection = {
    vertices: String(sum(({ attributes }) => attributes.POSITION)),
    faces,
    triangles: faces,
    meshObjects: String(meshes.length),
    boundsMin: { x: -0.5, y: -0.5, z: -0.5 },
    boundsMax: { x: 0.5, y: 0.5, z: 0.5 },
    materialNames: materials.map(({ name }) => name),
  };
  send({ requestId, result: { stageSeconds: { import: 0.001 }, rssBytes: '1000', inspection } });
}

function refuse(requestId) {
  console.log('the importer says no');
  send({ requestId, failure: { reason: 'import_failed', message: 'Invalid header.', stage: 'import' } });
}

/** Acts by the first word of the material's name; the second word is the path of a file. */
const acts = {
  crash: () => process.kill(process.pid, 'SIGSEGV'),
  hang: () => {},
  refuse,
  /** Fails until the file exists. */
  unless: (requestId, document, path) => (existsSync(path) ? inspect(requestId, document) : refuse(requestId)),
  /** Waits until the file exists. */
  until: (requestId, document, path) => {
    const timer = setInterval(() => {
      if (!existsSync(path)) return;
      clearInterval(timer);
      inspect(requestId, document);
    }, 20);
  },
};

// The script of a worker that claims to have a GPU sets this variable.
const gpuDevices = process.env.FAKE_GPU ? [process.env.FAKE_GPU] : [];

send({ ready: { blenderVersion: '0.0 fake', pythonVersion: '0', pid: process.pid } });
for await (const line of createInterface({ input: new Socket({ fd: 3 }) })) {
  const { requestId, inputPath, selftest } = JSON.parse(line);
  if (selftest) {
    send({ requestId, result: { rssBytes: '1000', selftest: { blenderVersion: '0.0 fake', gpuDevices } } });
    continue;
  }
  if (!inputPath.endsWith('.glb')) {
    refuse(requestId);
    continue;
  }
  const document = readJson(inputPath);
  const [word = '', path] = (document.materials?.[0]?.name ?? '').split(' ');
  (acts[word] ?? inspect)(requestId, document, path);
}
process.exit(0);
