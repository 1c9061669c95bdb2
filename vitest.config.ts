import { defineConfig } from 'vitest/config';
import { pageAssets } from './scripts/page-assets.js';

const SYSTEM = ['test/system/**/*.test.ts', 'test/repository/**/*.test.ts'];

/** `unit`: without other programs, less than a minute. `system`: whole programs, git, real registries, builds. */
export default defineConfig({
  define: { CIP_PAGE: JSON.stringify(await pageAssets()) }, // as the build does
  test: {
    pool: 'threads',
    isolate: false,
    maxWorkers: 2, // most of the time goes into programs that the tests wait for
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: SYSTEM } },
      // a limit, not a measure: a machine may be ten times as busy
      { extends: true, test: { name: 'system', include: SYSTEM, testTimeout: 300_000 } },
    ],
  },
});
