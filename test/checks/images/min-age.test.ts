// Covers src/checks/images/upload-age.ts

import { describe, expect, it } from 'vitest';
import { minAge } from '../../../src/checks/images/min-age.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { image } from '../../builders/images.ts';
import { from } from '../../builders/manifests.ts';
import { MemoryRegistry } from '../../doubles/memory-registry.ts';
import { check } from '../checking.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const A = image({ seed: 'a' });

async function ofAge(hours: number | undefined, settled?: readonly Digest[]) {
  const registry = new MemoryRegistry();
  const digest = registry.push('s.io/s/app', A);
  if (hours !== undefined) registry.setUploadTime('s.io/s/app', digest, NOW - hours * HOUR);
  const manifest = from('s.io/s')
    .to('p.io/p', 'q.io/q')
    .promote({ app: { [digest]: ['v1', 'v2'] } });
  const rule = minAge({
    now: NOW,
    settled: settled === undefined ? undefined : async () => new Set(settled),
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
        message: `s.io/s/app@${A.manifest.digest} was uploaded 2 days ago, and has to be 3 days old`,
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
    expect(findings[0]?.message).toMatch(/^the age of .* is not known, and has to be 3 days at least$/);
  });

  it('accepts a digest that the branch had before, and asks no registry', async () => {
    const { findings, listings } = await ofAge(1, [A.manifest.digest]);
    expect({ findings, listings }).toEqual({ findings: [], listings: 0 });
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
      return (await check([rule], registry, manifest)).findings.map(({ message }) => message.slice(-50));
    };
    expect(await messages(HOUR)).toEqual([]);
    expect(await messages(2 * HOUR)).toEqual([
      expect.stringContaining('1 hour ago, and has to be 2 hours old'),
    ]);
  });
});
