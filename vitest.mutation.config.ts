import { defineConfig } from 'vitest/config';

/** The fast tests of what `stryker.config.json` mutates: nothing here starts a process. */
export default defineConfig({
  test: {
    include: [
      'test/base/{attempts,concurrency,iterables,given-up}.test.ts',
      'test/plan/**/*.test.ts',
      'test/copy/**/*.test.ts',
      'test/http/{retry,retry-after,circuit-breaker,implausible-response,traffic,redirects,abort,request}.test.ts',
      'test/http/limits/*.test.ts',
      'test/http/connect/realm-policy.test.ts',
      'test/adapters/oci/auth/{authenticator,auth-decisions,scopes,tokens,token-server,accounts}.test.ts',
      'test/adapters/oci/api/{put-manifest,blobs/uploads}.test.ts',
      'test/adapters/system/{disk-spool,unlinked-file}.test.ts',
      'test/system/hostile/origins.test.ts',
    ],
    isolate: false,
  },
});
