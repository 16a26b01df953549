import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../cli/stack/data-dir.ts';

/** Files that git tracks or would take. */
const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
const pages = listed
  .toString()
  .split('\0')
  .filter((path) => path.endsWith('.md') && existsSync(join(ROOT, path)));

interface Link {
  page: string;
  target: string;
}

/** The page without code, where brackets are no links. */
function readProse(text: string): string {
  return text.replace(/^ *(```|~~~)[\s\S]*?^ *\1$/gm, '').replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, 'code');
}

/** Targets of links and images that lie in the repository. */
function readLinks(page: string, text: string): Link[] {
  const inline = [...readProse(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const named = [...readProse(text).matchAll(/^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$/gm)];
  return [...inline, ...named]
    .map(([, target]) => ({ page, target: target! }))
    .filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** Anchors of a page's headings, as GitHub makes them. */
function readAnchors(text: string): Set<string> {
  const seen = new Map<string, number>();
  const withoutCode = text.replace(/^ *(```|~~~)[\s\S]*?^ *\1$/gm, '');
  return new Set(
    [...withoutCode.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)].map(([, heading]) => {
      const words = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
      const times = seen.get(anchor) ?? 0;
      seen.set(anchor, times + 1);
      return times === 0 ? anchor : `${anchor}-${times}`;
    }),
  );
}

/** Why a link leads nowhere; undefined where it does not. */
function refuse({ page, target }: Link): string | undefined {
  const [path, anchor] = target.split('#') as [string, string | undefined];
  const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), decodeURIComponent(path));
  const name = relative(ROOT, file);
  if (name.startsWith('..')) return 'leads out of the repository';
  if (!existsSync(file)) return `there is no '${name}'`;
  if (anchor === undefined) return undefined;
  if (!name.endsWith('.md'))
    return statSync(file).isFile() && /^L\d+/.test(anchor) ? undefined : `'${name}' has no headings`;
  return readAnchors(readFileSync(file, 'utf8')).has(anchor) ? undefined : `'${name}' has no heading '#${anchor}'`;
}

const links = pages.flatMap((page) => readLinks(page, readFileSync(join(ROOT, page), 'utf8')));

test('every relative link of every page leads to a file, and its anchor to a heading', () => {
  expect(pages).toContain('docs/README.md');
  expect(links.length).toBeGreaterThan(50);
  const wrong = links.flatMap((link) => {
    const why = refuse(link);
    return why === undefined ? [] : [`${link.page}: ${link.target}: ${why}`];
  });
  expect(wrong).toEqual([]);
});

test('every page of docs is reached from docs/README.md', () => {
  const reached = new Set(['docs/README.md']);
  for (const page of reached) {
    for (const link of links.filter((one) => one.page === page)) {
      const [path] = link.target.split('#') as [string];
      const target = relative(ROOT, join(ROOT, dirname(page), path));
      if (pages.includes(target)) reached.add(target);
    }
  }
  expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
});

test.each([
  ['[a](no-such-file.md)', "there is no 'docs/no-such-file.md'"],
  ['[a](README.md#no-such-heading)', "'docs/README.md' has no heading '#no-such-heading'"],
  ['[a](../../secret.md)', 'leads out of the repository'],
  ['![a](images/no.png "title")', "there is no 'docs/images/no.png'"],
  ['[name]: no.md', "there is no 'docs/no.md'"],
])('%s would be noticed', (text, expected) => {
  expect(readLinks('docs/a-page.md', text).map(refuse)).toEqual([expected]);
});

test('links in code and links to the web are left alone', () => {
  expect(readLinks('a.md', '`[a](b.md)` [w](https://example.org/a.md)\n```md\n[a](b.md)\n```\n')).toEqual([]);
});

test('anchors are those of GitHub', () => {
  const text = '# The `a`, or B-c_d?\n## Two\n## Two\n```sh\n# no heading\n```\n### [x](y.md) & z\n';
  expect([...readAnchors(text)]).toEqual(['the-a-or-b-c_d', 'two', 'two-1', 'x--z']);
});
