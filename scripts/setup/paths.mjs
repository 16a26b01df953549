import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this clone. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The environment with our own `.bin` first on PATH, for tools that come with npm packages. */
export function withOwnBin(env = process.env) {
  return { ...env, PATH: [join(ROOT, 'node_modules/.bin'), env.PATH].filter(Boolean).join(delimiter) };
}

/** The environment without any `node_modules/.bin` on PATH: what the machine itself has. */
export function withoutNodeModules(env = process.env) {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  return { ...env, PATH: folders.join(delimiter) };
}
