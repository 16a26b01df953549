import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ROOT, withoutNodeModules } from './paths.mjs';
import { run } from './process.mjs';

/** Installs the packages of the lockfile, unless exactly these are installed. */
export async function installNpmPackages(note) {
  const lock = readLock('package-lock.json');
  if (missingPackages(lock, readLock('node_modules/.package-lock.json')).length === 0) return;
  note('npm ci');
  // This uses Node and npm of the machine, because `npm ci` deletes node_modules and the Node in it.
  const env = withoutNodeModules();
  await run(...npmCommand(env), { cwd: ROOT, env });
  const missing = missingPackages(lock, readLock('node_modules/.package-lock.json'));
  if (missing.length > 0) throw new Error(`npm left out ${missing.join(', ')}; run the same command again`);
}

function npmCommand(env) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = env.npm_execpath;
  const node = onPath('node', env);
  if (npm?.endsWith('npm-cli.js') && node && !npm.startsWith(ROOT)) return [node, [npm, ...args]];
  return ['npm', args];
}

function onPath(name, env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

function readLock(file) {
  const path = join(ROOT, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { packages: {} };
}

/**
 * Names the packages of the lockfile for this platform that node_modules does not have. npm writes its own list of
 * installed packages last, so an interrupted installation has none.
 */
export function missingPackages(lock, installed, platform = process) {
  return Object.entries(lock.packages)
    .filter(([path, wanted]) => path !== '' && !wanted.link && fits(wanted, platform))
    .filter(([path, wanted]) => {
      const found = installed.packages[path];
      return (
        found?.version !== wanted.version ||
        (wanted.integrity && found.integrity && found.integrity !== wanted.integrity)
      );
    })
    .map(
      ([path, wanted]) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${wanted.version}`,
    );
}

/** Returns whether a package must be installed. npm may leave out an optional package that names no platform. */
function fits(wanted, { platform, arch }) {
  if (!wanted.optional && !wanted.peerOptional && !wanted.devOptional) return true;
  if (wanted.os === undefined && wanted.cpu === undefined) return false;
  if (wanted.libc !== undefined && !wanted.libc.includes('glibc')) return false;
  return matches(wanted.os, platform) && matches(wanted.cpu, arch);
}

function matches(list, value) {
  if (list === undefined) return true;
  const names = [list].flat();
  return names.includes(value) || (names.some((word) => word.startsWith('!')) && !names.includes(`!${value}`));
}
