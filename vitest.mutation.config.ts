import { defineConfig } from 'vitest/config';

/** The fast tests of what `stryker.config.json` mutates: nothing here starts a process. */
export default defineConfig({
  test: {
    include: [
      'test/base/{attempts,concurrency,iterables,given-up}.test.ts',
      'test/plan/**/*.test.ts',
      'test/copy/**/*.test.ts',
      'test/adapters/oci/{retry,retry-after,breaker,budget,pacer,with-budgets,host-budget,auth,auth-decisions,realm-policy,scopes,tokens}.test.ts',
      'test/adapters/oci/{impossible-answers,put-manifest,token-server,accounts,traffic,redirects,uploads,abort,http}.test.ts',
      'test/adapters/system/{disk-spool,nameless-file}.test.ts',
      'test/hostile/origins.test.ts',
    ],
    isolate: false,
  },
});
