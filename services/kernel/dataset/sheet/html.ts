import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Figure } from '../described.ts';
import { scriptJson } from './script.ts';

/** The parts of the page's program, each after what it uses. */
const MODULES = ['text', 'query', 'grid', 'dom', 'pages', 'card', 'details', 'controls', 'app'];

/** The parts of its style. */
const STYLES = ['sheet', 'controls', 'card', 'details'];

/** What index.html knows before it has read any page. */
export interface SheetHead {
  stamp: string;
  outputUri: string;
  operation: string;
  spec: object;
  time: string;
  jobId: string;
  version: string;
  tiles: string[];
  figures: Figure[];
  /** What all URIs of assets begin with; names are what follows. */
  base: string;
  rows: number;
  images: number;
  rowsPerPage: number;
  namesPerPart: number;
  outcomes: { succeeded: number; failed: number; skipped: number };
  warned: number;
  /** The numbers in pages are places in this list. */
  reasons: { name: string; count: number }[];
  /** Folders and files as seen from index.html. */
  pages: string;
  thumbnails: string;
  files: string[];
}

/** Makes index.html: one file with style and program in it, which reads nothing but pages and images. */
export async function printSheet(head: SheetHead): Promise<string> {
  const [page, styles, modules] = await Promise.all([
    readPart('sheet.html'),
    readParts(STYLES, 'css'),
    readParts(MODULES, 'js'),
  ]);
  const style = styles.join('');
  const program = `'use strict';\n(() => {\n${modules.map(withoutModuleWords).join('\n')}\n})();\n`;
  const title = `${head.outputUri.replace(/^s3:\/\//, '')}: contact sheet`;
  // The policy: nothing that stands in a name can run, were it ever to get into the page as markup.
  const inHead = `<meta http-equiv="Content-Security-Policy" content="${policyOf(style, program)}">
    <title>${escapeHtml(title)}</title>
    <style>${style}</style>`;
  const scripts = `<script type="application/json" id="head">${scriptJson(head)}</script>
    <script>${program}</script>`;
  return page.replace('<!-- head -->', () => inHead).replace('<!-- program -->', () => scripts);
}

function readParts(names: string[], ending: string): Promise<string[]> {
  return Promise.all(names.map((name) => readPart(`${name}.${ending}`)));
}

function readPart(name: string): Promise<string> {
  return readFile(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

/** Modules cannot be imported where a page lies on file://, so they become one script. */
function withoutModuleWords(text: string): string {
  return text.replaceAll(/^import [^;]*;\n/gm, '').replaceAll(/^export /gm, '');
}

function policyOf(style: string, program: string): string {
  const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(program)} 'self' file:`,
    "img-src 'self' file: data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
