import { type Browser, chromium, type Page } from 'playwright-core';
import { readTools } from '../../../scripts/tools.mjs';

/** A page with its complaints and its requests. */
export interface Watched {
  page: Page;
  /** Messages of the console, errors of the program, and failed requests. */
  complaints: string[];
  /** Every address that the page requested. */
  requests: string[];
}

/** Debian's chromium, without a window. */
export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async create(): Promise<TestBrowser> {
    const { chromium: executablePath } = readTools();
    if (!executablePath) throw new Error('chromium is not installed; run: node scripts/setup.mjs --system');
    // Chromium does not run its sandbox as root, and in containers the tests run as root.
    const unconfined = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    // An animated scroll may stop at rows on its way, which have no images in tests.
    const args = ['--disable-smooth-scrolling', ...unconfined];
    return new TestBrowser(await chromium.launch({ executablePath, args }));
  }

  async open(url: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Watched> {
    const page = await this.#browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme });
    page.setDefaultTimeout(30_000);
    const [complaints, requests]: [string[], string[]] = [[], []];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url);
    return { page, complaints, requests };
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
