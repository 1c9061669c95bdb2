// Covers src/cli/runtime/carry-ports.ts
import { expect, it } from 'vitest';
import { promote } from '../../../../src/cli/commands/promote.ts';
import { parseCommandLine } from '../../../../src/cli/flags/parse-command-line.ts';
import { carryPortsOf } from '../../../../src/cli/runtime/carry-ports.ts';
import type { Digest } from '../../../../src/image/digest.ts';
import { clientForTest } from '../../../adapters/oci/client.ts';

function optionsOf(...args: readonly string[]) {
  const given = { ...parseCommandLine('cip', ['-manifest=m', ...args]), program: 'cip' as const, env: {} };
  const request = promote.parse(given);
  if (request.kind !== 'promotion') throw new Error(`expected a promotion, got a ${request.kind}`);
  return request.options;
}

it.each([
  [[], { mode: 'signatures', types: [] }],
  [['-carry=ALL'], { mode: 'all', types: [] }],
  [['-carry', 'accepted'], { mode: 'accepted', types: [] }],
  [['-carry=none'], undefined],
  [
    ['-carry-types=application/spdx*', '-carry-types=a/b'],
    { mode: 'all', types: ['application/spdx*', 'a/b'] },
  ],
  [['-carry=signatures', '-carry-types=a/*'], { mode: 'signatures', types: ['a/*'] }],
])('%j selects attachments', (args, selection) => {
  expect(optionsOf(...args).carry).toEqual(selection);
});

it.each([
  [['-carry=some'], '-carry is all, signatures, accepted or none, not "some"'],
  [['-carry='], '-carry'],
  [['-carry=none', '-carry-types=a/b'], '-carry-types selects attachments, and -carry=none carries none'],
  [['-carry-scope=some'], '-carry-scope is written or all, not "some"'],
])('%j is refused', (args, message) => {
  expect(() => optionsOf(...args)).toThrow(message);
});

it('writes through the client for destinations only in a confirmed run', () => {
  const client = clientForTest();
  expect(carryPortsOf(optionsOf('-carry=none'), client)).toBeUndefined();
  expect(carryPortsOf(optionsOf(), client)?.destination).toBe(client.registry);
  expect(carryPortsOf(optionsOf('-confirm'), client)?.destination).toBe(client.destination);
});

it('refuses to carry accepted attachments where none are verified', () => {
  const client = clientForTest();
  const accepted = optionsOf('-carry=accepted');
  expect(() => carryPortsOf(accepted, client)).toThrow('this run verifies none');
  const verification = { accepted: { at: () => Promise.resolve(new Set<Digest>()) } };
  expect(carryPortsOf(accepted, { ...client, ...verification })?.selection).toMatchObject(verification);
});
