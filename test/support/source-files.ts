import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A source file with its path from the repository's root. */
export interface SourceFile {
  path: string;
  text: string;
}

/** Reads the files below a folder that end with `extension`, without tests. */
export function readSources(folder: string, extension: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !name.includes('.test.') && !name.includes('node_modules'))
    .map((name) => posix.join(folder, name))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Lists the imports of a TypeScript file: paths from the repository's root for our files, module names for others. */
export function readImports({ path, text }: SourceFile): string[] {
  const froms = text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm);
  return [...froms]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

/** Lists the imports of a Python file at any depth: top-level packages, and our modules as `cyclorama_blender.x`. */
export function readPythonImports({ text }: SourceFile): string[] {
  const plain = [...text.matchAll(/^\s*import ([\w.]+)/gm)].map((match) => match[1]!);
  const froms = [...text.matchAll(/^\s*from ([\w.]+) import ([\w, ]+)/gm)].flatMap(([, from, names]) =>
    from === 'cyclorama_blender' ? names!.split(',').map((name) => `${from}.${name.trim()}`) : [from!],
  );
  return [...plain, ...froms].map((name) => (name.startsWith('cyclorama_blender.') ? name : name.split('.')[0]!));
}
