// Covers src/report/html/browser/details.ts
// Covers src/report/html/browser/dom.ts
// Covers src/report/html/browser/filter-form.ts
// Covers src/report/html/browser/matrix-row.ts
// Covers src/report/html/browser/matrix-table.ts
// Covers src/report/html/browser/page-table.ts
// Covers src/report/html/browser/problems.ts
// Covers src/report/html/browser/results.ts
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { failed } from '../../src/copy/outcome.ts';
import { renderPage } from '../../src/report/html/render-page.ts';
import { makeReportPage } from '../../src/report/html/report-page.ts';
import type { PageData } from '../../src/report/html/page-data.ts';
import type { Report } from '../../src/report/report.ts';
import { image, push } from '../builders/images.ts';
import { testdir } from '../builders/testdir.ts';
import { type Browser, CHROMIUM, launchChromium, type Page, reasonToSkip } from '../doubles/chromium.ts';
import { runCip } from '../doubles/run-cip.ts';
import { numbered, registries, release, reportOf, SCENES } from '../report/summary/scenes.ts';
import { embedded, manifestFlag } from './staging.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const reason = reasonToSkip();
if (reason !== undefined) console.log(`skipped: pages in a browser: ${reason}`);

let browser: Browser;
beforeAll(async () => {
  if (reason === undefined) browser = await launchChromium();
});
afterAll(() => browser?.close());

interface Opened {
  readonly page: Page;
  readonly url: string;
  /** Errors of the script and of its policy, and requests for anything but the page. */
  readonly faults: readonly string[];
}

interface Look {
  readonly hash?: string;
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
}

async function openPage(
  data: PageData,
  { hash = '', width = 1280, scheme = 'light' }: Look = {},
): Promise<Opened> {
  const directory = await testdir({ 'r.html': Array.from(renderPage(data)).join('') });
  const url = pathToFileURL(`${directory}/r.html`).href;
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => faults.push(message.text()));
  page.on('dialog', (dialog) => faults.push(dialog.message()));
  page.on('request', (request) => {
    if (request.url().split('#', 1)[0] !== url) faults.push(request.url());
  });
  await page.goto(`${url}${hash}`);
  await page.locator('main h1').waitFor();
  return { page, url, faults };
}

const openReport = (report: Report, look?: Look) => openPage(makeReportPage(report, 1), look);
const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent');
const rowNames = (page: Page) => page.locator('.matrix tbody a').allTextContents();

describe.skipIf(CHROMIUM === undefined)('a page in a browser', () => {
  it('shows the verdict, the matrix and the hosts, and loads nothing', async () => {
    const { page, faults } = await openReport(SCENES['promotion-2-failures']());
    await page.getByText('Promoted 30 images to 20 destinations: 598 copied, 2 failed (exit 1)').waitFor();
    await page.getByRole('status').getByText('30 of 30 images and tags').waitFor();
    const row = page.locator('.matrix').getByRole('row', { name: 'kube-component-07:v1.31.6' });
    expect(await row.getByRole('img', { name: 'failed' }).count()).toBe(2);
    expect(await row.getByRole('img', { name: 'copied' }).count()).toBe(18);
    expect(await page.getByRole('region', { name: 'Hosts' }).getByRole('row').count()).toBe(21);
    expect(await page.title()).toBe('Image promotion');
    expect(faults).toEqual([]);
  });

  it('is used with the keyboard alone', async () => {
    const { page, faults } = await openReport(reportOf({ manifests: [release(400, registries(3))] }));
    await page.getByLabel('search').focus();
    const labels: string[] = [];
    for (let stop = 0; stop < 3; stop++) {
      await page.keyboard.press('Tab');
      labels.push(
        await page.evaluate<string>('document.activeElement.ariaLabel ?? document.activeElement.id'),
      );
    }
    expect(labels).toEqual(['host', '', 'Images: arrow keys move, Enter opens']); // the second is a button
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('kube-component-01:v1.31.0');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('kube-component-02:v1.31.1');
    await page.keyboard.press('End');
    const last = await focused(page);
    await page.keyboard.press('Home');
    await page.keyboard.press('PageDown');
    expect(last).toBe('kube-component-99:v1.31.98'); // by name
    expect(await focused(page)).not.toBe('kube-component-01:v1.31.0');
    const name = await focused(page);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name }).waitFor();
    expect(await focused(page)).toBe('Close');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe(name);
    expect(faults).toEqual([]);
  });

  it('is filtered by text, decision and host', async () => {
    const { page } = await openReport(SCENES['promotion-2-failures']());
    await page.getByLabel('search').fill('component-1');
    await page.getByRole('status').getByText('10 of 30 images and tags').waitFor();
    await page.getByRole('button', { name: 'failed: 2' }).click();
    await page.getByRole('status').getByText('1 of 30 images and tags').waitFor();
    expect(await rowNames(page)).toEqual(['kube-component-07:v1.31.6']);
    await page.getByLabel('host', { exact: true }).selectOption('asia-east1-0-docker.pkg.dev');
    await page.getByRole('status').getByText('0 of 30 images and tags').waitFor();
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.getByLabel('host', { exact: true }).selectOption('us-west1-0-docker.pkg.dev');
    expect(await page.getByRole('columnheader').filter({ hasText: 'docker.pkg.dev' }).count()).toBe(1);
    expect(await rowNames(page)).toHaveLength(30);
  });

  it('shows the images that the failure of a host concerns', async () => {
    const { page } = await openReport(SCENES['registry-down']());
    await page.getByRole('button', { name: 'Show images: no answer' }).click();
    expect(await page.getByLabel('cause').inputValue()).toBe('0');
    expect(await rowNames(page)).toHaveLength(4);
  });

  it('opens the image of a link, with all about it, and follows the next', async () => {
    const hash = `#${encodeURIComponent('kube-component-07:v1.31.6')}`;
    const { page, url } = await openReport(SCENES['promotion-2-failures'](), { hash });
    const dialog = page.getByRole('dialog', { name: 'kube-component-07:v1.31.6' });
    await dialog.getByText(numbered(7), { exact: true }).waitFor();
    for (const name of ['failed: 2', 'copied: 18']) await dialog.getByRole('heading', { name }).waitFor();
    for (const text of ['k8s-staging-kubernetes', 'gcr.io/k8s-staging-kubernetes/kube-component-07'])
      await dialog.getByText(text, { exact: true }).waitFor();
    await dialog
      .getByText(/^registry\.k8s\.io\/images\/k8s-staging-kubernetes\/images\.yaml:\d+:\d+$/)
      .waitFor();
    await dialog
      .getByText('us-west1-1-docker.pkg.dev/k8s-artifacts-prod/images/kube-component-07:v1.31.6')
      .waitFor();
    await page.goto(`${url}#asia-east1-0-docker.pkg.dev/k8s-artifacts-prod/images/kube-component-02:v1.31.1`);
    await page.getByRole('dialog', { name: 'kube-component-02:v1.31.1' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.waitForURL(url, { waitUntil: 'commit' }); // it is told of the change later
    expect(await focused(page)).toBe('kube-component-02:v1.31.1');
  });

  it.each(['#nothing:v1', '#%E0%A4%A', '#%3Cimg%20src=x%3E'])(
    'says that a link leads nowhere: %s',
    async (hash) => {
      const { page, faults } = await openReport(SCENES.lost(), { hash });
      await page.getByRole('status').getByText('not in this report: ').waitFor();
      expect(await page.getByRole('dialog').count()).toBe(0);
      expect(faults).toEqual([]);
    },
  );

  it('has the rows of its window only, wherever it is scrolled to', async () => {
    const { page } = await openReport(reportOf({ manifests: [release(5_000, registries(2))] }));
    await page.getByRole('row', { name: 'kube-component-01:v1.31.0' }).waitFor();
    const scroll = (part: number) =>
      page.evaluate(`(async () => {
        const frame = () => new Promise((done) => requestAnimationFrame(done));
        const element = document.querySelector('.window');
        element.scrollTop = element.scrollHeight * ${part};
        for (let frames = 0; frames < 3; frames++) await frame();
      })()`);
    const indices = () =>
      page.evaluate<number[]>(
        `Array.from(document.querySelectorAll('.matrix tbody tr[aria-rowindex]'), (row) => Number(row.ariaRowIndex ?? row.getAttribute('aria-rowindex')))`,
      );
    for (const part of [0.5, 0.501, 0.9, 0.2, 1]) {
      await scroll(part);
      const shown = await indices();
      expect(shown.length).toBeLessThan(80);
      expect(shown).toEqual(Array.from(shown, (_, position) => (shown[0] ?? 0) + position));
    }
    expect((await indices()).at(-1)).toBe(5_001);
    expect(await page.locator('.matrix').getAttribute('aria-rowcount')).toBe('5001');
  });

  it('prints the rows that the filter shows, and has its window again afterwards', async () => {
    const { page } = await openReport(reportOf({ manifests: [release(300, registries(2))] }));
    await page.getByLabel('search').fill('component-1');
    const rows = 'document.querySelectorAll(".matrix tbody a").length';
    const before = await page.evaluate<number>(rows);
    await page.evaluate(`addEventListener('beforeprint', () => { globalThis.printed = ${rows}; })`);
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
    expect(await page.evaluate('globalThis.printed')).toBe(110);
    expect(await page.evaluate<number>(rows)).toBe(before);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('search').isVisible()).toBe(false);
  });

  it.each<[string, Look]>([
    ['wide and light', {}],
    ['wide and dark', { scheme: 'dark' }],
    ['narrow and light', { width: 400 }],
    ['narrow and dark', { width: 400, scheme: 'dark' }],
  ])('has no fault that axe finds: %s', async (_, look) => {
    const { page } = await openReport(SCENES['registry-down'](), look);
    expect(await violationsOf(page)).toEqual([]);
    await page.locator('.matrix a').first().click();
    await page.getByRole('dialog').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  });

  it('shows hostile texts as they are', async () => {
    const hostile = '</script><img src=x onerror=alert(1)><b id=forged>&amp;" onclick=alert(2)';
    const report = reportOf({ manifests: [release(1, registries(2))], outcomeOf: () => failed(hostile) });
    const page = makeReportPage(report, 1);
    const text = (value: unknown): unknown => (typeof value === 'string' ? `${value}${hostile}` : value);
    const { matrix } = page;
    const everywhere: PageData = JSON.parse(
      JSON.stringify(page, (key, value: unknown) => (key === 'kind' ? value : text(value))),
    );
    const opened = await openPage(everywhere);
    await opened.page.locator('.matrix a').first().click();
    const dialog = opened.page.getByRole('dialog');
    await dialog.getByText(`${matrix.digests[0]}${hostile}`).waitFor();
    expect(await opened.page.locator('img, b, [onclick], [onerror], #forged').count()).toBe(0);
    expect(await opened.page.locator('script').count()).toBe(2);
    expect(opened.faults).toEqual([]);
  });
});

describe('-report-html', () => {
  it('is written by a dry run, a promotion, a verification and a merge, beside the other reports', async () => {
    const registry = await embedded();
    const app = push(registry, 'staging/app', image({ seed: 'page' }), 'v1');
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/eu`, `${registry.host}/us`],
      images: { app: { [app]: ['v1'] } },
    });
    const cwd = await testdir({});
    const outputs = ['-report=r.json', '-report-html=r.html'];
    const verdictAfter = async (args: readonly string[], files = outputs) => {
      const { status, stderr } = await runCip([...args, ...files], { cwd });
      expect(status, stderr).toBe(0);
      return dataIn(readFileSync(`${cwd}/r.html`, 'utf8')).verdict;
    };
    expect(await verdictAfter([flag])).toMatch(/^Would promote 1 image to 2 destinations: 2 to copy/);
    expect(await verdictAfter([flag, '-confirm'])).toMatch(
      /^Promoted 1 image to 2 destinations: 2 copied, 0 failed/,
    );
    expect(await verdictAfter(['verify', flag, '-report-all', '-shard=0/1'])).toMatch(
      /^Verified 1 image at 2 destinations: 2 present/,
    );
    expect(await verdictAfter(['report', 'merge', 'r.json'], ['-report-html=r.html'])).toMatch(/2 present/);
  });

  it('goes to stdout, and not to the file of another report', async () => {
    const flag = await manifestFlag({
      from: 'a.test/s',
      to: ['b.test/p'],
      images: { app: { [numbered(1)]: ['v1'] } },
    });
    const { stdout } = await runCip([flag, '-parse-only', '-report-html=-']);
    expect(dataIn(stdout)).toMatchObject({ title: 'Promoter manifests', matrix: { rows: [] } });
    expect(await runCip([flag, '-parse-only', '-report-html=x', '-report-markdown=x'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('-report-markdown and -report-html cannot both go to "x"'),
    });
  });

  it('is the form of a plan and of a comparison, too', async () => {
    const registry = await embedded();
    const app = push(registry, 'staging/app', image({ seed: 'page' }), 'v1');
    const [from, to] = [`${registry.host}/staging`, `${registry.host}/prod`];
    const flag = await manifestFlag({ from, to: [to], images: { app: { [app]: ['v1'] } } });
    const cwd = await testdir({});
    await runCip([flag, '-plan-out=plan.json'], { cwd });
    const plan = await runCip(['show', 'plan.json', '-output=html'], { cwd });
    expect(dataIn(plan.stdout)).toMatchObject({
      title: 'Promotion plan',
      matrix: { results: [{ name: 'copy' }] },
    });
    const diff = await runCip(['diff', from, to, '-output=html']);
    expect(dataIn(diff.stdout)).toMatchObject({
      verdict: '1 digest only in A, 0 digests only in B, 0 different tags',
    });
  });
});

function dataIn(html: string): PageData {
  return JSON.parse(/(?<=id="data">).*?(?=<.script>)/s.exec(html)?.[0] ?? '');
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>('axe.run()');
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
  );
}
