import { expect, it } from 'vitest';
import { isGoogleHost } from '../../src/image/google-hosts.ts';

it.each(['gcr.io', 'eu.gcr.io', 'k8s.gcr.io', 'pkg.dev', 'us-docker.pkg.dev'])('%s is of Google', (host) => {
  expect(isGoogleHost(host)).toBe(true);
});

it.each([
  'evilgcr.io',
  'gcr.io.evil.org',
  'a.b.gcr.io',
  'gcr.io:8443',
  'evilpkg.dev',
  'pkg.dev.evil.org',
  '',
])('%j is not', (host) => {
  expect(isGoogleHost(host)).toBe(false);
});
