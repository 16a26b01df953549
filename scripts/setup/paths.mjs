import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this clone. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Returns the environment with our own `.bin` first on PATH, for tools of npm packages. */
export function withOwnBin(env = process.env) {
  return { ...env, PATH: [join(ROOT, 'node_modules/.bin'), env.PATH].filter(Boolean).join(delimiter) };
}

/** Returns the environment without any `node_modules/.bin` on PATH, for the tools of the machine itself. */
export function withoutNodeModules(env = process.env) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: folders.join(delimiter) };
}
