// Covers src/cli/commands/diff.ts
// Covers src/cli/flags/options/browse-options.ts

import { describe, expect, it } from 'vitest';
import type { ProgramName } from '../../../../src/cli/commands/command.ts';
import { diff } from '../../../../src/cli/commands/diff.ts';
import { promote } from '../../../../src/cli/commands/promote.ts';
import { isSnapshot, type SnapshotOptions } from '../../../../src/cli/flags/options/snapshot-options.ts';
import { parseCommandLine } from '../../../../src/cli/flags/parse-command-line.ts';

function snapshot(args: readonly string[], program: ProgramName = 'cip'): SnapshotOptions {
  const request = promote.parse({ ...parseCommandLine(program, args), program, env: {} });
  if (request.kind !== 'snapshot') throw new Error(`expected a snapshot, got a ${request.kind}`);
  return request.options;
}

describe('a snapshot is asked for', () => {
  it.each([
    [['-snapshot=gcr.io/foo'], true],
    [['--manifest-based-snapshot-of', 'gcr.io/foo', '-manifest=m'], true],
    [['run', '-snapshot=gcr.io/foo'], true],
    [['-minimal-snapshot'], false],
    [['-manifest=m'], false],
  ])('by %j: %s', (args, expected) => expect(isSnapshot(parseCommandLine('cip', args).flags)).toBe(expected));
});

describe('the options of a snapshot', () => {
  it.each([
    [
      ['-snapshot=gcr.io/foo'],
      { source: 'registry', registry: 'gcr.io/foo', format: 'yaml', minimal: 'nothing' },
    ],
    [['-snapshot', 'gcr.io/foo//'], { registry: 'gcr.io/foo' }],
    [['-snapshot=localhost:5000'], { registry: 'localhost:5000' }],
    [['-snapshot=gcr.io/a', '-output-format=CSV'], { format: 'csv' }],
    [['-snapshot=gcr.io/a', '--output', 'Json'], { format: 'json' }],
    [['-snapshot=gcr.io/a', '-output=YAML', '-output-format=yaml'], { format: 'yaml' }],
    [['-snapshot=gcr.io/a', '-minimal-snapshot'], { minimal: 'children' }],
    [['-snapshot=gcr.io/a', '-minimal-snapshot=strict'], { minimal: 'attachments' }],
    [['-snapshot=gcr.io/a', '-minimal-snapshot=false'], { minimal: 'nothing' }],
    [['-snapshot=gcr.io/a', '-snapshot-tag=v1'], { tag: 'v1' }],
    [['-snapshot=gcr.io/a', '-thin-manifest-dir=d'], { where: { kind: 'thin', directory: 'd' } }],
    [['-snapshot=gcr.io/a', '-deadline=90s'], { deadline: 90_000 }],
    [['-snapshot=gcr.io/a', '-dry-run'], { source: 'registry' }],
    [
      ['-manifest-based-snapshot-of=gcr.io/a/', '-manifest=m'],
      { source: 'manifests', registry: 'gcr.io/a', where: { kind: 'plain', file: 'm' } },
    ],
  ])('of %j', (args, expected) => expect(snapshot(args)).toMatchObject(expected));

  it.each([
    ['cip', 'yaml', ''],
    ['kpromo', 'yaml', '\n'],
    ['kpromo', 'csv', '\n'],
    ['kpromo', 'json', ''],
  ] as const)('make %s end %s with %j', (program, format, trailer) => {
    expect(snapshot(['-snapshot=gcr.io/a', `-output=${format}`], program).trailer).toBe(trailer);
  });

  it.each<[string, RegExp]>([
    ['-snapshot=gcr.io/a -shard=0/2', /cannot go with -shard/],
    ['-snapshot=gcr.io/a -shard-count=2', /cannot go with -shard/],
    ['-snapshot=gcr.io/a -snapshot-service-account=foo', /email address of an account, not "foo"/],
    ['-snapshot=foo', /neither a dot nor a port/],
    ['-snapshot=https://gcr.io/foo', /without the scheme/],
    ['-snapshot=localhost:6602//p', /remove one of the two slashes in a row/],
    ['-snapshot=gcr.io/Foo', /lower case/],
    ['-snapshot=gcr.io/a -output=xml', /invalid output format "xml": expected yaml, csv, json/],
    ['-snapshot=gcr.io/a -output=csv -output-format=yaml', /contradict/],
    ['-snapshot=gcr.io/a -snapshot-tag=', /-snapshot-tag is given without a value/],
    [
      '-snapshot=gcr.io/a -manifest-based-snapshot-of=',
      /-manifest-based-snapshot-of is given without a value/,
    ],
    ['-snapshot=gcr.io/a -snapshot-tag=-x', /-snapshot-tag is a tag, not "-x"/],
    ['-snapshot=gcr.io/a -minimal-snapshot=very', /-minimal-snapshot is true or false or strict, not "very"/],
    ['-snapshot=gcr.io/a -manifest-based-snapshot-of=gcr.io/b -manifest=m', /two snapshots/],
    ['-manifest-based-snapshot-of=gcr.io/b', /no manifest given/],
    ['-snapshot=gcr.io/a -confirm', /-confirm/],
    ['-snapshot=gcr.io/a -dry-run=false', /-dry-run=false/],
    ['-snapshot=gcr.io/a -parse-only', /-parse-only/],
  ])('cannot be made of %s', (line, words) => expect(() => snapshot(line.split(' '))).toThrow(words));

  it('warn of flags that are of promotions alone', () => {
    const { warnings } = snapshot([
      '-snapshot=gcr.io/a',
      '-report=r.json',
      '-allow-lost',
      '-allow-lost=true',
    ]);
    expect(warnings).toEqual([
      '-report has no effect on a snapshot',
      '-allow-lost has no effect on a snapshot',
    ]);
  });
});

describe('the options of a comparison', () => {
  const optionsOf = (line: string) =>
    diff.parse({ ...parseCommandLine('cip', line.split(' ')), program: 'cip', env: {} });

  it.each([
    ['diff gcr.io/a b.yaml', { a: 'gcr.io/a', b: 'b.yaml', format: 'text' }],
    ['-output json diff gcr.io/a b.yaml', { format: 'json' }],
    ['diff -output=Markdown a b -minimal-snapshot', { format: 'markdown', minimal: 'children' }],
  ])('of %s', (line, expected) => expect(optionsOf(line)).toMatchObject(expected));

  it.each<[string, RegExp]>([
    ['diff a', /compares two sides, not 1/],
    ['diff a b c', /compares two sides, not 3/],
    ['diff a b -output=yaml', /expected text, json, markdown/],
    [
      'diff a b -confirm -manifest=m',
      /cip diff does not take -manifest, -confirm; cip, cip verify, cip sigcheck, cip apply do/,
    ],
  ])('cannot be made of %s', (line, words) => expect(() => optionsOf(line)).toThrow(words));
});
