import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serveSheet } from '../../cli/sheet/server.ts';
import { folderSource } from '../../cli/sheet/source.ts';
import { type Synthetic, writeSyntheticSheet } from '../support/assets/synthetic-sheet.ts';
import { TestBrowser, type Watched } from '../support/programs/browser.ts';

const HOSTILE = `evil/</script><script>window.hurt=1</script>"'&\u2028<img src=x onerror=window.hurt=1>.glb`;
const MANY = 100_000;

let browser: TestBrowser;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cyclorama-sheet-'));
  browser = await TestBrowser.create();
  for (const [name, assets] of [
    ['few', few()],
    ['many', many()],
  ] as const) {
    mkdirSync(join(folder, name));
    await writeSyntheticSheet(join(folder, name), assets);
  }
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function* few(): Generator<Synthetic> {
  for (let n = 0; n < 30; n++) yield { key: `chairs/${String(n).padStart(2, '0')} & more.glb`, images: true };
  const log = ['first line', '<b>last</b> line'];
  yield { key: 'broken/cut.glb', failure: { reason: 'invalid_asset', message: 'the GLB is <i>truncated</i>', log } };
  const failure = { reason: 'blank_render', message: 'nothing to be seen', log: [], kept: true };
  yield { key: 'broken/blank.glb', failure, images: true };
  yield { key: HOSTILE, images: true, warnings: ['<u>texture</u> is missing'] };
}

/** The first and the last in the order of names have image files. */
function* many(): Generator<Synthetic> {
  for (let n = 0; n < MANY; n++) {
    const images = (n % 100 === 0 && n < 3000) || (n % 100 === 99 && n >= MANY - 3000);
    yield { key: `batch-${n % 100}/asset-${String(n).padStart(6, '0')}.glb`, images };
  }
}

function open(name: string, hash = ''): Promise<Watched> {
  return browser.open(pathToFileURL(join(folder, name, 'index.html')).href + hash);
}

/** What an expression comes to in the page; as text, since the page's types are none of ours. */
const inPage = <Value>(page: Page, expression: string): Promise<Value> => page.evaluate(expression) as Promise<Value>;
const names = (page: Page): Promise<string[]> =>
  inPage(page, `[...document.querySelectorAll('.card')].map((card) => card.title)`);
const found = (page: Page) => expect.poll(() => page.locator('#found').textContent(), { timeout: 30_000 });
/** How many images below an element came out, and how many did not (yet). */
const images = (page: Page, selector: string) =>
  expect.poll(
    () => {
      const all = `[...document.querySelectorAll('${selector} img')].map((image) => image.naturalWidth > 0)`;
      return inPage<boolean[]>(page, all);
    },
    { timeout: 30_000 },
  );
const nodes = (page: Page): Promise<number> => inPage(page, `document.querySelectorAll('*').length`);

describe('a contact sheet on file://', () => {
  test('shows thumbnails, counts and failures with their reasons, and reads nothing from elsewhere', async () => {
    const { page, complaints, requests } = await open('few');
    await found(page).toBe('33 assets');
    await images(page, '#grid').toEqual(expect.arrayContaining([true]));
    await images(page, '#grid').not.toContain(false);
    expect(await page.locator('#summary').textContent()).toBe('33 assets · 124 images · 31 succeeded · 2 failed');
    const cut = page.locator('.card', { hasText: 'cut.glb' });
    expect(await cut.locator('.reason').textContent()).toBe('invalid_asset');
    await expect.poll(() => cut.locator('.why').textContent()).toBe('render: the GLB is <i>truncated</i>');
    expect(await page.locator('.card', { hasText: 'blank.glb' }).locator('img').count()).toBe(1);
    expect(requests.filter((url) => !/^(?:file|data):/.test(url))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test('takes names for names, whatever is in them', async () => {
    const { page, complaints } = await open('few', '#filter=evil');
    await found(page).toBe('1 asset');
    expect(await names(page)).toEqual([HOSTILE]);
    await images(page, '#grid').toEqual([true]);
    await page.locator('.card').click();
    expect(await page.locator('#name').textContent()).toBe(HOSTILE);
    await images(page, '#details').toEqual([true, true, true, true]);
    expect(await page.locator('#details .warning').textContent()).toBe('<u>texture</u> is missing');
    expect(await inPage(page, 'window.hurt')).toBeUndefined();
    expect(complaints).toEqual([]);
  });

  test.each([
    ['chairs/07', '1 asset'],
    ['CHAIRS -01 -"02 &"', '28 assets'],
    ['reason:blank', '1 asset'],
    ['outcome:failed', '2 assets'],
    ['is:warned', '1 asset'],
    ['faces<0', '0 assets'],
    ['coverage>=0% seconds>0', '31 assets'],
  ])('filters by %s', async (filter, expected) => {
    const { page, complaints } = await open('few');
    await found(page).toBe('33 assets');
    await page.locator('#query').fill(filter);
    await found(page).toBe(expected);
    expect(complaints).toEqual([]);
  });

  test('says what is wrong with a filter', async () => {
    const { page } = await open('few', '#filter=weight<3');
    await expect
      .poll(() => page.locator('#mistake').textContent())
      .toMatch(/^no figure 'weight'; there are seconds, size, /);
  });

  test('shows an asset at full size, with figures, files, reason and log', async () => {
    const { page, complaints } = await open('few', '#outcome=failed');
    await found(page).toBe('2 assets');
    await page.locator('.card', { hasText: 'blank.glb' }).click();
    await images(page, '#details').toEqual([true, true, true, true]);
    const labels = await page.locator('#details figcaption').allTextContents();
    expect(labels).toEqual(['textured', 'normal', 'depth', 'edge']);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('#name').textContent()).toBe('broken/cut.glb');
    expect(await page.locator('#details pre').textContent()).toBe('first line\n<b>last</b> line');
    expect(await page.locator('.failure').textContent()).toContain('invalid_asset at stage render');
    await page.keyboard.press('Escape');
    expect(await page.locator('#details').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });

  test('keeps filter, order and tiles in its address', async () => {
    const { page } = await open('few');
    await found(page).toBe('33 assets');
    await page.locator('#query').fill('chairs');
    await page.locator('#tiles button', { hasText: 'depth' }).click();
    await page.locator('#order').selectOption('Size ↓');
    await found(page).toBe('30 assets');
    const before = await names(page);
    await page.reload();
    await found(page).toBe('30 assets');
    expect(await names(page)).toEqual(before);
    expect(before).not.toEqual(before.toSorted());
    expect(await page.locator('#tiles [aria-pressed=true]').textContent()).toBe('depth');
  });

  test('shows what another link into it says, in the same tab', async () => {
    const { page } = await open('few', '#outcome=failed');
    await found(page).toBe('2 assets');
    await inPage(page, `location.hash = '#filter=07&show=edge'`);
    await found(page).toBe('1 asset');
    expect(await page.locator('#tiles [aria-pressed=true]').textContent()).toBe('edge');
  });

  test('is dark where the user wants it dark', async () => {
    const paper = async (scheme: 'light' | 'dark'): Promise<string> => {
      const { page } = await browser.open(pathToFileURL(join(folder, 'few', 'index.html')).href, scheme);
      return inPage(page, 'getComputedStyle(document.body).backgroundColor');
    };
    expect([await paper('light'), await paper('dark')]).toEqual(['rgb(243, 243, 240)', 'rgb(23, 24, 26)']);
  });

  test('says when a page of it is gone or of another time', async () => {
    const copy = join(folder, 'broken');
    cpSync(join(folder, 'few'), copy, { recursive: true });
    rmSync(join(copy, '_cyclorama/sheet/rows-00000.js'));
    const gone = await open('broken');
    await expect.poll(() => gone.page.locator('#problem').textContent()).toContain('rows-00000.js cannot be read');
    const names = join(copy, '_cyclorama/sheet/names-00000.js');
    writeFileSync(names, readFileSync(names, 'utf8').replace(/"01234567-\w+"/, '"01234567-other"'));
    const other = await open('broken');
    await expect.poll(() => other.page.locator('#problem').textContent()).toContain('written again');
  });
});

describe('a contact sheet of 100,000 assets', () => {
  test('holds no more in the page than what the window shows, from the first row to the last', async () => {
    const { page, complaints, requests } = await open('many');
    await images(page, '#grid').toEqual(expect.arrayContaining([true]));
    expect((await names(page))[0]).toBe('batch-0/asset-000000.glb');
    await found(page).toBe('100,000 assets');
    expect(await nodes(page)).toBeLessThan(600);
    await page.keyboard.press('End');
    await expect.poll(async () => (await names(page)).at(-1)).toBe('batch-99/asset-099999.glb');
    await images(page, '#grid').not.toContain(false);
    expect(await nodes(page)).toBeLessThan(600);
    // Pages of rows between the first and the last were never read.
    expect(requests.filter((url) => url.includes('/rows-')).length).toBeLessThan(20);
    expect(complaints).toEqual([]);
  });

  test('opens at the part that a link names, and turns from there', async () => {
    const { page } = await open('many');
    await page.setViewportSize({ width: 420, height: 900 });
    await page.goto(`${page.url()}#part=2`);
    await expect.poll(() => page.locator('#part').textContent()).toBe('part 2 of 2');
    await found(page).toBe('100,000 assets');
    expect(await names(page)).not.toContain('batch-0/asset-000000.glb');
    await page.locator('#before').click();
    await expect.poll(() => names(page)).toContain('batch-0/asset-000000.glb');
    expect(page.url()).not.toContain('part');
  });

  test('finds one among them, and the largest', async () => {
    const { page } = await open('many');
    await found(page).toBe('100,000 assets');
    await page.locator('#query').fill('asset-054321');
    await found(page).toBe('1 asset');
    expect(await names(page)).toEqual(['batch-21/asset-054321.glb']);
    await page.locator('#query').fill('');
    await page.locator('#order').selectOption('Size ↓');
    await expect.poll(() => page.locator('.card .facts').first().textContent()).toContain('9.0 MB');
    expect(await nodes(page)).toBeLessThan(600);
  });
});

describe('a contact sheet over HTTP', () => {
  test('is the same, and nothing else of the machine is to be had', async () => {
    const source = await folderSource(join(folder, 'few'));
    const trouble: unknown[] = [];
    const stop = new AbortController();
    const onTrouble = (error: unknown): void => void trouble.push(error);
    const server = await serveSheet(source, { port: 0, signal: stop.signal, onTrouble });
    try {
      const { page, complaints } = await browser.open(server.url);
      await found(page).toBe('33 assets');
      await images(page, '#grid').not.toContain(false);
      await page.locator('.card').first().click();
      await images(page, '#details').not.toContain(false);
      expect(complaints).toEqual([]);
      expect(trouble).toEqual([]);
    } finally {
      stop.abort();
      await server.close();
    }
  });
});
