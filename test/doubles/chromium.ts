import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export type { Browser, Page } from 'playwright-core';

/** Where Debian and others put it. */
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this machine; undefined where there is none. */
export const CHROMIUM: string | undefined = [process.env['CHROMIUM'], ...PROGRAMS].find(
  (program) => program !== undefined && existsSync(program),
);

/** A headless browser, which the caller closes. */
export async function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('no Chromium found: install Debian’s package chromium, or set CHROMIUM');
  // root, as in a container, has no sandbox
  return await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}
