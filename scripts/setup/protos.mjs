import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, withOwnBin } from './paths.mjs';
import { run } from './process.mjs';

const STAMP = join(ROOT, 'gen/.protos.sha256');

/** Generates code and image again if a proto, the settings of a generator or its version has changed. */
export async function generateProtos(note) {
  const wanted = sourcesHash();
  const found = existsSync(STAMP) && existsSync(join(ROOT, 'gen/image.binpb')) ? readFileSync(STAMP, 'utf8') : '';
  if (found === wanted) return;
  note('buf generate');
  const options = { cwd: ROOT, env: withOwnBin() };
  await run('buf', ['generate'], options);
  await run('buf', ['build', '-o', 'gen/image.binpb'], options);
  writeFileSync(STAMP, wanted);
}

function sourcesHash() {
  const hash = createHash('sha256');
  const protos = readdirSync(join(ROOT, 'protos'), { recursive: true })
    .filter((file) => file.endsWith('.proto'))
    .sort();
  for (const file of ['buf.yaml', 'buf.gen.yaml', ...protos.map((proto) => join('protos', proto))]) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  }
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  for (const name of ['ts-proto', '@bufbuild/buf', 'google-proto-files', 'grpc-health-check', '@grpc/reflection']) {
    hash.update(`${name}@${packages[`node_modules/${name}`]?.version}\n`);
  }
  return hash.digest('hex');
}
