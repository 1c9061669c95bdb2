import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export type { Browser, Page } from 'playwright-core';

/** Where Debian and others put it. */
const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser of this machine; undefined where there is none. */
export const CHROMIUM: string | undefined = [process.env['CHROMIUM'], ...PROGRAMS].find(
  (program) => program !== undefined && existsSync(program),
);

/** Why pages cannot be tested here; undefined where they can. Throws in CI, whose script installs the browser. */
export function reasonToSkip(): string | undefined {
  if (CHROMIUM !== undefined) return undefined;
  if (process.env['CI'] === 'true')
    throw new Error(`${MISSING} (CI=true, so this is no reason to skip tests)`);
  return MISSING;
}

const MISSING = 'no Chromium found: install the package chromium of Debian, or set CHROMIUM';

/** A headless browser, which the caller closes. */
export async function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error(MISSING);
  // root, as in a container, has no sandbox
  return await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}
