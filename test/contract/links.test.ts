import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';

/** Folders without pages of ours: what is installed, generated or written by runs. */
const OTHERS = new Set(['node_modules', 'gen', '.cyclorama', '.git', '.exercises', 'test-results']);
const pages = listPages(ROOT);

interface Link {
  page: string;
  target: string;
}

function listPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (OTHERS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return listPages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Reads a page without its blocks of code. */
function readProse(page: string): string {
  return readFileSync(page, 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '');
}

/** The links and images of a page that lead to a file or a heading of this repository. */
function readLinks(page: string): Link[] {
  const prose = readProse(page).replace(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(/\]\(([^()\s]+)\)|\b(?:src|href)="([^"]+)"/g)]
    .map(([, inMarkdown, inHtml]) => ({ page, target: inMarkdown ?? inHtml! }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** The anchors of a page's headings, as GitHub makes them: a repeated heading gets a number. */
function readAnchors(page: string): string[] {
  const seen = new Map<string, number>();
  return [...readProse(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const anchor = heading!
      .replace(/\]\([^)]*\)/g, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

/** Says what is wrong with a link; undefined if it resolves. */
function refuse({ page, target }: Link): string | undefined {
  const [file, anchor] = target.split('#');
  const path = file === '' ? page : join(dirname(page), decodeURI(file!));
  const link = `${relative(ROOT, page)} links to '${target}'`;
  if (relative(ROOT, path).startsWith('..') || !existsSync(path)) return `${link}; there is no such file`;
  if (anchor === undefined) return undefined;
  if (statSync(path).isFile() && path.endsWith('.md') && readAnchors(path).includes(anchor)) return undefined;
  return `${link}; there is no such heading`;
}

test('every link between pages and files resolves, and so does its anchor', () => {
  const links = pages.flatMap(readLinks);
  expect(links.length).toBeGreaterThan(100);
  expect(links.map(refuse).filter((problem) => problem !== undefined)).toEqual([]);
});

test.each([
  ['docs/nowhere.md', 'there is no such file'],
  ['docs/use/cli.md#nowhere', 'there is no such heading'],
  ['../outside.md', 'there is no such file'],
])('a link to %s would be noticed', (target, expected) => {
  expect(refuse({ page: join(ROOT, 'README.md'), target })).toContain(expected);
});
