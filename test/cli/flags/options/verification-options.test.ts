import { expect, it } from 'vitest';
import { FlagValues } from '../../../../src/cli/flags/flag-values.ts';
import { verifierOptionsOf } from '../../../../src/cli/flags/options/verification-options.ts';

function optionsOf(flags: Readonly<Record<string, readonly string[]>>) {
  return verifierOptionsOf(new FlagValues(new Map(Object.entries(flags))));
}

it('trusts the public instance unless told otherwise', () => {
  expect(optionsOf({})).toEqual({ trust: { kind: 'shipped' }, keys: [] });
});

it('takes a file, and keys', () => {
  expect(optionsOf({ 'trusted-root': ['root.json'], 'signature-key': ['a.pub', 'b.pub'] })).toEqual({
    trust: { kind: 'file', path: 'root.json' },
    keys: ['a.pub', 'b.pub'],
  });
});

it('takes a TUF repository with its initial root', () => {
  const mirror = 'https://tuf.example.com/sigstore';
  expect(optionsOf({ 'tuf-mirror': [mirror], 'tuf-root': ['1.root.json'] }).trust).toEqual({
    kind: 'tuf',
    mirror: new URL(mirror),
    root: '1.root.json',
  });
});

it.each([
  [{ 'tuf-root': ['r'] }, '-tuf-root goes with -tuf-mirror=URL only'],
  [{ 'trusted-root': ['r'], 'tuf-mirror': ['https://x.example.com'] }, 'contradict each other'],
  [
    { 'tuf-mirror': ['tuf.example.com'] },
    '-tuf-mirror is the URL of a TUF repository, not "tuf.example.com"',
  ],
  [{ 'tuf-mirror': ['file:///tuf'] }, '-tuf-mirror is the URL'],
])('refuses %j', (flags, message) => {
  expect(() => optionsOf(flags)).toThrow(message);
});
