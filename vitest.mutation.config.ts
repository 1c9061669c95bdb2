import { defineConfig } from 'vitest/config';

/** The fast tests of what `stryker.config.json` mutates: nothing here starts a process. */
export default defineConfig({
  test: {
    include: [
      'test/plan/**/*.test.ts',
      'test/copy/**/*.test.ts',
      'test/adapters/oci/{retry,retry-after,breaker,pacer,with-budgets,auth,realm-policy,scopes,tokens,token-server,accounts}.test.ts',
    ],
    isolate: false,
  },
});
