// Covers src/checks/images/upload-age.ts

import { describe, expect, it } from 'vitest';
import { minAge } from '../../../src/checks/images/min-age.ts';
import type { UnknownTime } from '../../../src/checks/images/upload-age.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { RegistryError } from '../../../src/ports/registry-error.ts';
import { image } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const A = image({ seed: 'a' });

async function ofAge(hours: number | undefined, settled?: readonly Digest[] | UnknownTime) {
  const registry = new MemoryRegistry();
  const digest = registry.push('s.io/s/app', A);
  if (hours !== undefined) registry.setUploadTime('s.io/s/app', digest, NOW - hours * HOUR);
  const manifest = from('s.io/s')
    .to('p.io/p', 'q.io/q')
    .promote({ app: { [digest]: ['v1', 'v2'] } });
  const rule = minAge({
    now: NOW,
    settled:
      settled === undefined ? undefined : async () => ('unknown' in settled ? settled : new Set(settled)),
  });
  const checked = await check([{ ...rule, level: 'error' }], registry, manifest);
  return { ...checked, listings: registry.count({ verb: 'list' }) };
}

describe('min-age', () => {
  it('blocks every edge of a digest that was uploaded less than three days ago', async () => {
    const { findings, listings } = await ofAge(71);
    expect(findings).toMatchObject([
      {
        level: 'error',
        message: `s.io/s/app@${A.manifest.digest} was uploaded 2 days ago and must be at least 3 days old`,
        advice: 'promote it after 2026-11-20T13:00:00.000Z',
        edges: ['p.io/p/app:v1', 'p.io/p/app:v2', 'q.io/q/app:v1', 'q.io/q/app:v2'],
      },
    ]);
    expect(listings).toBe(1);
  });

  it('has nothing to say about an older one', async () => {
    expect((await ofAge(72)).findings).toEqual([]);
  });

  it('finds a digest whose age nobody knows', async () => {
    const { findings } = await ofAge(undefined, []);
    expect(findings[0]?.message).toMatch(
      /^the age of .* is unknown and must be at least 3 days: the registry lists no upload time$/,
    );
  });

  it('gives the reason of an unknown history', async () => {
    const { findings } = await ofAge(undefined, { unknown: 'the clone is shallow: run "git fetch"' });
    expect(findings).toMatchObject([
      {
        message: expect.stringMatching(
          /: the registry lists no upload time; the clone is shallow: run "git fetch"$/,
        ),
        advice: 'promote from a complete clone of the branch: an entry is as old as its commit',
      },
    ]);
  });

  it('accepts a digest that the branch had before, and asks no registry', async () => {
    const { findings, listings } = await ofAge(1, [A.manifest.digest]);
    expect({ findings, listings }).toEqual({ findings: [], listings: 0 });
  });

  it('gives the reason of a listing that fails', async () => {
    const registry = new MemoryRegistry();
    const digest = registry.push('s.io/s/app', A);
    registry.fail({ verb: 'list' }, { error: new RegistryError('refused', 'GET https://s.io: 403') });
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [digest]: ['v1'] } });
    const { findings } = await check([{ ...minAge({ now: NOW }), level: 'error' }], registry, manifest);
    expect(findings).toMatchObject([
      { message: expect.stringMatching(/ 3 days: GET https:\/\/s\.io: 403$/) },
    ]);
  });

  it.each([1, 1e9, 1e300])('takes an upload %s hours in the future as one of now', async (hours) => {
    const { findings } = await ofAge(-hours);
    expect(findings).toMatchObject([
      {
        message: expect.stringMatching(/ was uploaded 0 minutes ago and must be at least 3 days old$/),
        advice: 'promote it after 2026-11-23T12:00:00.000Z',
      },
    ]);
  });

  it('takes the age of the settings', async () => {
    const registry = new MemoryRegistry();
    const digest = registry.push('s.io/s/app', A);
    registry.setUploadTime('s.io/s/app', digest, NOW - HOUR);
    const manifest = from('s.io/s')
      .to('p.io/p')
      .promote({ app: { [digest]: ['v1'] } });
    const messages = async (age: number) => {
      const rule = { ...minAge({ age, now: NOW }), level: 'error' as const };
      const { findings } = await check([rule], registry, manifest);
      return findings.map(({ message }) => message.replace(/^.*uploaded /, ''));
    };
    expect(await messages(HOUR)).toEqual([]);
    expect(await messages(1.5 * HOUR)).toEqual(['1 hour ago and must be at least 1 hour old']);
    expect(await messages(2 * HOUR)).toEqual(['1 hour ago and must be at least 2 hours old']);
  });
});
