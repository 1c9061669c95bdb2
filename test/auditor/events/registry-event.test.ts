import { expect, it } from 'vitest';
import { formatPayload, splitReference } from '../../../src/auditor/events/registry-event.ts';

it.each([
  ['gcr.io/a/b:v1', 'gcr.io/a/b', '', 'v1'],
  ['gcr.io/a/b@sha256:0', 'gcr.io/a/b', 'sha256:0', ''],
  ['localhost:5000/b', 'localhost:5000/b', '', ''],
  ['localhost:5000/b:v1@sha256:0', 'localhost:5000/b', 'sha256:0', 'v1'],
  ['', '', '', ''],
])('%s is split at its tag and digest, not at a port', (text, repository, digest, tag) => {
  expect(splitReference(text)).toEqual({ repository, digest, tag });
});

it('a change is printed as the original prints it', () => {
  const event = { action: 'insert' as const, repository: 'gcr.io/a', digest: 'sha256:0', tag: 'v"1' };
  expect(formatPayload(event)).toBe(
    '{Action: "INSERT", FQIN: "gcr.io/a@sha256:0", PQIN: "gcr.io/a:v\\"1", Path: "gcr.io/a", Digest: "sha256:0", Tag: "v\\"1"}',
  );
});
