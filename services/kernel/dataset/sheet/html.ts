import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Figure } from '../described.ts';
import { scriptJson } from './script.ts';

/** Modules of the page's program; each comes after the modules that it uses. */
const MODULES = ['text', 'query', 'grid', 'dom', 'pages', 'card', 'details', 'controls', 'app'];

/** Parts of the page's style. */
const STYLES = ['sheet', 'controls', 'card', 'details'];

/** The facts in index.html itself, which it needs before it reads pages. */
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
  /** Common beginning of all asset URIs; names are the rest. */
  base: string;
  rows: number;
  images: number;
  rowsPerPage: number;
  namesPerPart: number;
  outcomes: { succeeded: number; failed: number; skipped: number };
  warned: number;
  /** Pages refer to reasons by their index in this list. */
  reasons: { name: string; count: number }[];
  /** Paths relative to index.html. */
  pages: string;
  thumbnails: string;
  files: string[];
}

/** Makes index.html: one file that contains style and program, and reads only pages and images. */
export async function printSheet(head: SheetHead): Promise<string> {
  const [page, styles, modules] = await Promise.all([
    readPart('sheet.html'),
    readParts(STYLES, 'css'),
    readParts(MODULES, 'js'),
  ]);
  const style = styles.join('');
  const program = `'use strict';\n(() => {\n${modules.map(withoutModuleWords).join('\n')}\n})();\n`;
  const title = `${head.outputUri.replace(/^s3:\/\//, '')}: contact sheet`;
  // With this policy, a name cannot run as code, even if it gets into the page as markup.
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

/** Removes import and export, because a page on file:// cannot import modules; all of them become one script. */
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
