import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderPage } from '../../src/report/html/render-page.ts';
import { makeReportPage } from '../../src/report/html/report-page.ts';
import { type Browser, launchChromium } from '../../test/doubles/chromium.ts';
import { EDGES, largeReport, SCENARIOS } from './large-report.ts';

/** Measures pages with all edges of a large registry; they stay in the directory of the first argument. Gives the exit code. */
export async function main([
  directory = join(tmpdir(), 'cip-bench-page'),
]: readonly string[]): Promise<number> {
  await mkdir(directory, { recursive: true });
  const browser = await launchChromium();
  console.log(
    `${EDGES.toLocaleString('en')} edges; Node ${process.version}, Chromium ${browser.version()}\n`,
  );
  console.log('| report | made in | size | first rows | filtered | longest frame |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
  try {
    for (const scenario of SCENARIOS) {
      const file = resolve(directory, `${scenario}.html`);
      const report = largeReport(scenario);
      const started = performance.now();
      const html = Array.from(renderPage(makeReportPage(report, 0))).join('');
      const made = performance.now() - started;
      await writeFile(file, html);
      const { opened, filtered, frame } = await measure(browser, pathToFileURL(file).href);
      const size = (Buffer.byteLength(html) / 1e6).toFixed(1);
      const times = [opened, filtered, frame].map((time) => `${Math.round(time)} ms`).join(' | ');
      console.log(`| ${scenario} | ${(made / 1000).toFixed(1)} s | ${size} MB | ${times} |`);
    }
  } finally {
    await browser.close();
  }
  return 0;
}

interface Measured {
  /** Milliseconds from the request of the page to its first rows. */
  readonly opened: number;
  readonly filtered: number;
  readonly frame: number;
}

async function measure(browser: Browser, url: string): Promise<Measured> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const started = performance.now();
  await page.goto(url);
  await page.locator('.matrix a').first().waitFor();
  const opened = performance.now() - started;
  const filtered = await page.evaluate<number>(FILTER);
  const frame = await page.evaluate<number>(SCROLL);
  await page.close();
  return { opened, filtered, frame };
}

/** A word that a tenth of the rows have. */
const FILTER = `(async () => {
  const text = document.querySelector('#text');
  const started = performance.now();
  text.value = 'component-1';
  text.dispatchEvent(new Event('input', { bubbles: true }));
  document.body.offsetHeight;
  const time = performance.now() - started;
  text.value = '';
  text.dispatchEvent(new Event('input', { bubbles: true }));
  return time;
})()`;

/** From the top to the bottom in 200 frames: more than a window in each. */
const SCROLL = `(async () => {
  const element = document.querySelector('.window');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  let longest = 0;
  let last = await frame();
  for (let step = 1; step <= 200; step++) {
    element.scrollTop = (element.scrollHeight * step) / 200;
    const now = await frame();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
})()`;
