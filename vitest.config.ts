import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'threads',
    isolate: false,
    maxWorkers: 2, // most of the time goes into programs that the tests wait for
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
