import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistryOptions } from '../../src/embedded-registry/embedded-registry.ts';
import { runConformance } from '../doubles/conformance.ts';
import { haveTools } from '../doubles/registry-auth.ts';
import { startForTest } from '../embedded-registry/wire.ts';

// What the registry does not do, and why, is told in test/embedded-registry/README.md.

interface Case {
  readonly name: string;
  readonly options: EmbeddedRegistryOptions;
  readonly env?: Readonly<Record<string, string>>;
  /** The tests that are left out, as the specification allows; of each digest algorithm one. */
  readonly skipped?: readonly string[];
  /** The tests that fail. */
  readonly deviations?: readonly string[];
}

const ANONYMOUS_MOUNT = 'blobs/mount anonymous/blob-mount-anonymous';
const USERS = { alice: 'pass:word' };
const AS_ALICE = { OCI_USERNAME: 'alice', OCI_PASSWORD: 'pass:word' };

const CASES: readonly Case[] = [
  { name: 'as it is by default, with single posts', options: {} },
  { name: 'with anonymous mounts', options: { anonymousMounts: true }, skipped: [] },
  { name: 'without validation', options: { validation: 'sparse' }, env: { OCI_DATA_SPARSE: 'true' } },
  { name: 'with three tags a page', options: { pageSize: 3 } },
  { name: 'with one store of blobs for all', options: { blobStore: 'global' } },
  { name: 'with passwords', options: { auth: { kind: 'basic', users: USERS } }, env: AS_ALICE },
  { name: 'with tokens', options: { auth: { kind: 'token', users: USERS } }, env: AS_ALICE },
  {
    name: 'without mounts and single posts',
    options: { mounts: false, singlePost: false },
    skipped: [
      'blobs/bad digest post only/blob-post-only',
      ANONYMOUS_MOUNT,
      'blobs/mount/blob-mount',
      'blobs/post only/blob-post-only',
    ],
  },
  {
    name: "with Google's listing",
    options: { listing: 'google' },
    deviations: ['artifacts-with-subject/tag-list', 'index-with-subject/tag-list'],
  },
];

/** Fewer tests than that are a suite that has not run. */
const LEAST = 670;

describe.skipIf(!haveTools('conformance'))(
  'the conformance suite finds nothing wrong with the registry',
  () => {
    it.each(CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
      const { options, env, skipped = [ANONYMOUS_MOUNT], deviations = [] } = one;
      const { host } = await startForTest({ singlePost: true, ...options });
      const found = await runConformance(host, env);
      expect(namesOf(found.failed), found.failed.join('\n')).toEqual(deviations.map(inSuite));
      expect(namesOf(found.skipped), found.skipped.join('\n')).toEqual(
        ['sha256', 'sha512'].flatMap((algorithm) => skipped.map((name) => inSuite(`${algorithm} ${name}`))),
      );
      expect(found.passed).toBeGreaterThan(LEAST);
    });
  },
);

function namesOf(tests: readonly string[]): string[] {
  return tests.map((test) => test.split(': ', 1)[0] ?? '').toSorted();
}

function inSuite(name: string): string {
  return `OCI Conformance Test/${name}`;
}
