import { describe, expect, it } from 'vitest';
import { FlagValues } from '../../../../src/cli/flags/flag-values.ts';
import { signingOf, signingWarningsOf } from '../../../../src/cli/flags/options/signing-options.ts';

const flagsOf = (flags: Readonly<Record<string, string>>) =>
  new FlagValues(new Map(Object.entries(flags).map(([name, value]) => [name, value.split(' ')])));
const optionsOf = (flags: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) =>
  signingOf(flagsOf(flags), env);
const KEY = { 'sign-key': 'cosign.key' };
const AMBIENT = { SIGSTORE_ID_TOKEN: 'token' };

describe('signing', () => {
  it('is on where a signer is named, and where -sign takes the token of the environment', () => {
    expect(optionsOf({})).toBeUndefined();
    expect(optionsOf({ 'signer-account': 'a@b.iam.gserviceaccount.com' })?.signer.key.kind).toBe('keyless');
    expect(optionsOf(KEY)?.signer.key.kind).toBe('file');
    expect(optionsOf({}, AMBIENT)).toBeUndefined();
    expect(optionsOf({ sign: 'true' }, AMBIENT)?.signer.key.kind).toBe('keyless');
    expect(() => optionsOf({ sign: 'true' })).toThrow('-sign needs a signer');
  });

  it('is off with -sign=false and -parse-only', () => {
    expect(optionsOf({ ...KEY, sign: 'false' })).toBeUndefined();
    expect(optionsOf({ ...KEY, 'parse-only': 'true' })).toBeUndefined();
  });

  it('signs indexes with their children, the tag .sig and the promotion by default', () => {
    expect(optionsOf(KEY)?.policy).toEqual({
      recursion: 'joint',
      scope: 'all',
      legacy: true,
      attest: true,
      canonical: [],
      names: [],
      workers: 50,
    });
    const flags = {
      'sign-legacy': 'false',
      attest: 'false',
      'sign-recursive': 'EACH',
      'max-signature-ops': '3',
    };
    const policy = optionsOf({ ...KEY, ...flags })?.policy;
    expect(policy).toMatchObject({ legacy: false, attest: false, recursion: 'each', workers: 3 });
  });

  it('names registries by a front', () => {
    const flags = { 'sign-canonical': 'us.io/p', 'sign-reference': 'us.io/p=registry.io eu.io=registry.io' };
    expect(optionsOf({ ...KEY, ...flags })?.policy).toMatchObject({
      canonical: ['us.io/p'],
      names: [
        { registry: 'us.io/p', name: 'registry.io' },
        { registry: 'eu.io', name: 'registry.io' },
      ],
    });
  });

  it.each([
    [{ 'max-signature-ops': '0' }, '-max-signature-ops is a number above zero, not "0"'],
    [{ 'max-signature-ops': '-1' }, '-max-signature-ops is a number above zero, not "-1"'],
    [{ 'sign-recursive': 'all' }, '-sign-recursive is joint, each, none, not "all"'],
    [{ 'sign-canonical': 'prod' }, '-sign-canonical names a registry'],
    [{ 'sign-reference': 'us.io/p' }, '-sign-reference is REGISTRY=NAME, not "us.io/p"'],
  ])('refuses %j', (flags, message) => {
    expect(() => optionsOf({ ...KEY, ...flags })).toThrow(message);
  });

  it('has the signer of summaries, another account where one is named', () => {
    const flags = { ...KEY, 'verification-summaries': 'true' };
    expect(optionsOf(KEY)?.summarySigner).toBeUndefined();
    expect(optionsOf(flags)?.summarySigner?.key.kind).toBe('file');
    const other = optionsOf({ ...flags, 'summary-signer-account': 'vsa@b.iam.gserviceaccount.com' });
    expect(other?.summarySigner?.key.kind).toBe('keyless');
    expect(() => optionsOf({ 'verification-summaries': 'true' })).toThrow(
      '-verification-summaries needs a signer',
    );
  });

  it('warns of flags that need a signer', () => {
    const flags = flagsOf({ 'sign-scope': 'written' });
    expect(signingWarningsOf(flags, undefined)).toEqual([
      '-sign-scope has no effect without a signer: nothing is signed',
    ]);
    expect(signingWarningsOf(flagsOf({ ...KEY, 'summary-signer-account': 'x' }), optionsOf(KEY))).toEqual([
      '-summary-signer-account has no effect without -verification-summaries',
    ]);
  });
});
