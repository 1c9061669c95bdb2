import { describe, expect, it } from 'vitest';
import { verify } from '../../../src/cli/commands/verify.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';

function optionsOf(...argv: readonly string[]) {
  const line = parseCommandLine('cip', ['verify', '-manifest=m.yaml', ...argv]);
  return verify.parse({ ...line, program: 'cip', env: {} });
}

describe('cip verify', () => {
  it.each([
    '-parse-only',
    '-allow-lost',
    '-spool-limit=1',
    '-snapshot=gcr.io/x',
    '-minimal-snapshot',
    '-output-format=csv',
    '-snapshot-repositories=FILE',
  ])('refuses %s, with -repair too: it neither promotes nor prints what is there', (flag) => {
    const [name] = flag.split('=');
    const refusal = `cip verify is read-only; ${name} is not allowed`;
    expect(() => optionsOf(flag)).toThrow(refusal);
    expect(() => optionsOf('-deep', '-repair', flag)).toThrow(refusal);
  });

  it.each(['-use-prow-manifest-diff', '-manifest-diff-base=main', '-allow-removal'])(
    'refuses %s: it checks everything',
    (flag) => {
      const [name] = flag.split('=');
      const refusal = `cip verify checks all that the manifests want; ${name} is not allowed`;
      expect(() => optionsOf(flag)).toThrow(refusal);
    },
  );

  it.each(['-confirm', '-confirm=false', '-dry-run', '-dry-run=false'])(
    'refuses %s without -repair',
    (flag) => {
      const [name] = flag.split('=');
      const refusal = `cip verify is read-only; ${name} is allowed with -repair only`;
      expect(() => optionsOf(flag)).toThrow(refusal);
      expect(() => optionsOf('-deep', flag)).toThrow(refusal);
      expect(() => optionsOf('-repair=false', flag)).toThrow(refusal);
    },
  );

  it.each([
    [['-deep', '-repair'], 'dry-run'],
    [['-deep', '-repair', '-dry-run'], 'dry-run'],
    [['-deep', '-repair', '-confirm'], 'promotion'],
    [['-deep', '-repair', '-dry-run=false'], 'promotion'],
  ])('%j repairs, as a %s', (flags, task) => {
    expect(optionsOf(...flags)).toMatchObject({ deep: true, repair: true, task });
  });

  it.each([
    [['-repair'], '-repair needs -deep'],
    [['-repair', '-confirm'], '-repair needs -deep'],
    [
      ['-deep', '-repair', '-via=front.io'],
      '-repair is for destinations, and -via queries a mirror in their place',
    ],
    [['-deep', '-repair', '-confirm', '-dry-run'], '-confirm and -dry-run are two spellings of one choice'],
  ])('refuses %j', (flags, why) => {
    expect(() => optionsOf(...flags)).toThrow(why);
  });

  it('takes what is about its own work', () => {
    expect(optionsOf('-deep', '-threads=7', '-report=r.json')).toMatchObject({
      deep: true,
      threads: 7,
      report: 'r.json',
    });
  });
});
