import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
  const froms = text.matchAll(/^(?:import|export)\b[^'"`;]*?from '([^']+)'|^import '([^']+)'|\bimport\(\s*'([^']+)'/gm);
  return [...froms]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name));
}

/**
 * What a Python file imports at any depth: top-level packages, and modules of ours as `cyclorama_blender.room.module`.
 * `from cyclorama_blender.room import module` names the module where the room has it, else the room.
 */
export function readPythonImports({ text }: SourceFile): string[] {
  const plain = [...text.matchAll(/^\s*import ([\w., ]+)/gm)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().split(' ')[0]!),
  );
  const froms = [...text.matchAll(/^\s*from ([\w.]+) import (?:\(([^)]*)\)|([\w, ]+))/gm)].flatMap(
    ([, from = '', wrapped, names]) =>
      (wrapped ?? names ?? '')
        .split(',')
        .map((name) => name.trim().split(' ')[0]!)
        .filter((name) => name !== '')
        .map((name) => (isPythonModule(`${from}.${name}`) ? `${from}.${name}` : from)),
  );
  return [...plain, ...froms].map((name) => (name.startsWith('cyclorama_blender') ? name : name.split('.')[0]!));
}

function isPythonModule(name: string): boolean {
  const path = join(ROOT, 'blender-runtime', name.replaceAll('.', '/'));
  return name.startsWith('cyclorama_blender.') && (existsSync(`${path}.py`) || existsSync(`${path}/__init__.py`));
}

/** The circles among files, each as the path of imports that leads back to its first file. */
export function findCycles(files: SourceFile[], importsOf: (file: SourceFile) => string[]): string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '));
    if (way.includes(path) || done.has(path) || !imports.has(path)) return;
    for (const imported of imports.get(path)!) visit(imported, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return circles;
}
