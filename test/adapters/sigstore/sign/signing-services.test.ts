import { describe, expect, it } from 'vitest';
import { parseSigningConfig } from '../../../../src/adapters/sigstore/sign/signing-services.ts';

const NOW = Date.UTC(2026, 10, 28);

function service(
  url: string,
  majorApiVersion?: number,
  validFor: object = { start: '2026-01-01T00:00:00Z' },
) {
  return { url, ...(majorApiVersion !== undefined && { majorApiVersion }), validFor, operator: 'test' };
}

function parse(config: object) {
  const mediaType = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';
  const caUrls = [service('https://ca', 1)];
  const tsaUrls = [service('https://tsa/timestamp', 1)];
  return parseSigningConfig(JSON.stringify({ mediaType, caUrls, tsaUrls, ...config }), NOW);
}

describe('a signing configuration', () => {
  it('gives the valid services of the newest version that is supported', () => {
    const rekorTlogUrls = [
      service('https://future', 2, { start: '2027-01-01T00:00:00Z' }),
      service('https://log-3', 3),
      service('https://log-1', 1),
      service('https://log-2', 2),
      service('https://log-2b', 2),
      service('https://old', 2, { start: '2025-01-01T00:00:00Z', end: '2026-01-01T00:00:00Z' }),
    ];
    expect(parse({ rekorTlogUrls })).toEqual({
      fulcio: 'https://ca',
      log: { url: 'https://log-2', version: 2 },
      timestamps: 'https://tsa/timestamp',
    });
  });

  it('needs no timestamp authority for Rekor v1', () => {
    const rekorTlogUrls = [service('https://log', 1, {})];
    expect(parse({ rekorTlogUrls, tsaUrls: [] })).toMatchObject({ timestamps: undefined });
  });

  it.each([
    [{ mediaType: 'x' }, 'not a signing configuration'],
    [{ caUrls: [] }, 'caUrls has no valid service'],
    [{ caUrls: 'x' }, 'caUrls has no valid service'],
    [{ caUrls: [7, {}, service('https://ca')] }, 'caUrls has no valid service'],
    [{ rekorTlogUrls: [service('https://log', 3)] }, 'rekorTlogUrls has no valid service'],
    [{ rekorTlogUrls: [service('https://log', 2)], tsaUrls: [] }, 'tsaUrls has no valid service'],
    [{ caUrls: [service('https://ca', 1, { start: 'x' })] }, 'caUrls has no valid service'],
  ])('%j: %s', (config, reason) => {
    expect(parse(config)).toContain(reason);
  });

  it('is JSON', () => {
    expect(parseSigningConfig('{', NOW)).toContain('not a signing configuration');
  });
});
