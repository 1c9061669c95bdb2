import { describe, expect, it } from 'vitest';
import { parseRateLimits } from '../../../src/cli/flags/options/rate-limit-option.ts';
import { warnUnusedRateLimits } from '../../../src/cli/runtime/bound-registries.ts';
import { parseRegistryName, type RegistryName } from '../../../src/image/repository.ts';

/** The logged warnings. */
function warningsFor(rateLimits: readonly string[], registries: readonly string[]): unknown[] {
  const lines: unknown[] = [];
  const named = registries.map((text) => ({ name: nameOf(text) }));
  const log = { write: (...line: readonly unknown[]) => lines.push(line) };
  warnUnusedRateLimits(parseRateLimits(rateLimits), named, log);
  return lines;
}

function nameOf(text: string): RegistryName {
  const name = parseRegistryName(text);
  if (name === undefined) throw new Error(`no registry: ${text}`);
  return name;
}

describe('a rate limit for a host that no registry uses', () => {
  const registries = ['gcr.example/staging', 'b.example:5000/prod', 'b.example:5000/prod/images'];

  it('is a warning with the hosts of the registries', () => {
    expect(warningsFor(['gcr.exmaple=5', 'b.example:5000=5', 'b.example=5'], registries)).toEqual(
      ['b.example', 'gcr.exmaple'].map((host) => [
        'warning',
        '-budget names a host that no registry uses: check its spelling',
        { host, registries: 'b.example:5000, gcr.example' },
      ]),
    );
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['every host is there', ['gcr.example=1', 'b.example:5000=1'], registries],
    ['it is of each identity', ['user=5'], registries],
    ['there are no registries', ['gcr.example=1'], []],
  ])('is no warning if %s', (_, rateLimits, named) => expect(warningsFor(rateLimits, named)).toEqual([]));
});
