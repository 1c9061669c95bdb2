import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../src/cli/parse-flags.ts';
import { makeVerifyOptions } from '../../src/cli/verify-options.ts';

function optionsOf(...argv: readonly string[]) {
  return makeVerifyOptions(parseFlags('cip', ['verify', '-manifest=m.yaml', ...argv]), {});
}

describe('cip verify', () => {
  it.each([
    '-confirm',
    '-dry-run',
    '-parse-only',
    '-allow-lost',
    '-spool-limit=1',
    '-snapshot=gcr.io/x',
    '-minimal-snapshot',
    '-output-format=csv',
    '-snapshot-repositories=FILE',
  ])('refuses %s: it neither promotes nor prints what is there', (flag) => {
    const [name] = flag.split('=');
    expect(() => optionsOf(flag)).toThrow(
      `verify only looks whether all is there: ${name} does not go with it`,
    );
  });

  it('takes what is about its own work', () => {
    expect(optionsOf('-deep', '-threads=7', '-report=r.json')).toMatchObject({
      deep: true,
      threads: 7,
      report: 'r.json',
    });
  });
});
