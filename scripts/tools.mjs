import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup/paths.mjs';

/** Set-up writes the list of its programs to this file. A fresh `npm ci` removes it together with node_modules. */
export const TOOLS_FILE = join(ROOT, 'node_modules/.cyclorama-tools.json');

/** Reads the absolute paths of the programs that set-up installed. */
export function readTools() {
  if (!existsSync(TOOLS_FILE)) throw new Error('this clone is not set up; run: node scripts/setup.mjs');
  return JSON.parse(readFileSync(TOOLS_FILE, 'utf8'));
}
