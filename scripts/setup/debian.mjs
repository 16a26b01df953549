import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { installOnce, isInstalled, removeTree } from './cache.mjs';
import { withoutNodeModules } from './paths.mjs';
import { CommandError, run } from './process.mjs';

/**
 * Finds a program on PATH, or else takes it out of its downloaded Debian package. The program must need only libc.
 * The package is not installed, so this needs no root and starts no service.
 */
export async function takeDebianProgram(program, { pack, path }, note) {
  const name = `${program}-debian-${process.arch}`;
  const onPath = isInstalled(name) ? undefined : findOnPath(program);
  if (onPath) return onPath;
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(`'${program}' is missing; install it with this system's package manager (Debian: ${pack})`);
  }
  const folder = await installOnce(
    name,
    async (target) => {
      const work = join(target, 'package');
      mkdirSync(join(target, 'bin'));
      mkdirSync(work);
      await download(pack, work, note);
      for (const file of readdirSync(work)) await run('dpkg-deb', ['-x', join(work, file), work]);
      await copyFile(join(work, path), join(target, 'bin', program));
      await removeTree(work);
    },
    () => note('waiting for another set-up'),
  );
  return join(folder, 'bin', program);
}

async function download(pack, folder, note) {
  note(`downloading Debian's ${pack}`);
  // By default, apt downloads as its own user, which may not enter the cache's folder, and then warns.
  const options = ['-q', '-o', 'APT::Sandbox::User=root'];
  const fetch = () => run('apt-get', [...options, 'download', pack], { cwd: folder });
  try {
    await fetch();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (process.getuid?.() !== 0) {
      const why = `the package lists of this machine do not lead to '${pack}'`;
      throw new Error(`${why}. Run:\n  sudo apt-get update`, { cause: error });
    }
    note('apt-get update');
    await run('apt-get', [...options, '-o', 'APT::Get::List-Cleanup=0', 'update']);
    await fetch();
  }
}

/** Finds the path of a program on the user's PATH; undefined if there is none. */
export function findOnPath(program) {
  const folders = (withoutNodeModules().PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}
