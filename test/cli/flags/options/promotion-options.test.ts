// Covers src/cli/commands/promote.ts
// Covers src/cli/flags/flag-values.ts
// Covers src/cli/flags/former-flags.ts
// Covers src/cli/flags/options/rate-limit-option.ts
// Covers src/cli/flags/options/proof-option.ts
// Covers src/cli/flags/options/run-options.ts
// Covers src/cli/flags/refuse-flags.ts
// Covers src/cli/flags/usage-error.ts

import { describe, expect, it } from 'vitest';
import type { ProgramName } from '../../../../src/cli/commands/command.ts';
import { promote } from '../../../../src/cli/commands/promote.ts';
import type { Flag } from '../../../../src/cli/flags/flag.ts';
import { FORMER_FLAGS } from '../../../../src/cli/flags/former-flags.ts';
import type { PromotionOptions } from '../../../../src/cli/flags/options/promotion-options.ts';
import { parseCommandLine } from '../../../../src/cli/flags/parse-command-line.ts';
import { UsageError } from '../../../../src/cli/flags/usage-error.ts';

function optionsOf(args: readonly string[], program: ProgramName = 'cip'): PromotionOptions {
  const request = promote.parse({ ...parseCommandLine(program, args), program, env: {} });
  if (request.kind !== 'promotion') throw new Error(`expected a promotion, got a ${request.kind}`);
  return request.options;
}

function expectRefusal(args: readonly string[], words: RegExp, program: ProgramName = 'cip') {
  expect(() => optionsOf(args, program)).toThrow(UsageError);
  expect(() => optionsOf(args, program)).toThrow(words);
}

describe('a rate limit', () => {
  it('is of a host, and of each identity', () => {
    const { rateLimits } = optionsOf([
      '-manifest=m',
      '-budget=a.test=50',
      '-budget',
      'b.test:5000=20.5,writes=3',
      '--budget=user=200',
    ]);
    expect(rateLimits).toEqual({
      hosts: new Map([
        ['a.test', { requests: 50, writes: 50 }],
        ['b.test:5000', { requests: 20.5, writes: 3 }],
      ]),
      user: 200,
    });
  });

  it.each([
    'a.test',
    'a.test=',
    'a.test=0',
    'a.test=-1',
    'a.test=1.2.3',
    'a/b=1',
    '=1',
    'a=1,reads=2',
    'user=1,writes=1',
  ])('%j is refused', (value) => expectRefusal(['-manifest=m', `-budget=${value}`], /-budget is HOST=RPS/));
});

describe('a deadline', () => {
  it.each([
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['45s', 45_000],
    ['1.5s', 1500],
    ['.5m', 30_000],
    ['2m500ms', 120_500],
    ['1500us', 1.5],
  ])('of %s is %d ms', (text, milliseconds) => {
    expect(optionsOf(['-manifest=m', `-deadline=${text}`]).deadline).toBeCloseTo(milliseconds);
  });

  it('is none unless it is given', () => {
    expect(optionsOf(['-manifest=m']).deadline).toBeUndefined();
  });

  it.each(['', '0', '0s', '90', '-5m', '+5m', '5 m', '5m ', '1d', 'm', '1h30', '1e3s', '1..5s', 'soon'])(
    'is not %j',
    (text) =>
      expectRefusal(['-manifest=m', `-deadline=${text}`], /-deadline is a duration above zero like 90m/),
  );
});

describe('a flag', () => {
  const location = { kind: 'thin', directory: 'd=e/f' };

  it.each([
    ['-thin-manifest-dir=d=e/f'],
    ['--thin-manifest-dir=d=e/f'],
    ['-thin-manifest-dir', 'd=e/f'],
    ['--thin-manifest-dir', 'd=e/f'],
  ])('with a value may be spelled %s %s', (...args) => {
    expect(optionsOf(args).where).toEqual(location);
    expect(optionsOf(['run', ...args]).where).toEqual(location);
    expect(optionsOf([...args, 'run']).where).toEqual(location);
    expect(optionsOf(['cip', ...args], 'kpromo').where).toEqual(location);
    expect(optionsOf([...args, 'cip'], 'kpromo').where).toEqual(location);
  });

  it.each([
    [[], false],
    [['-allow-lost'], true],
    [['--allow-lost'], true],
    [['-allow-lost=true'], true],
    [['--allow-lost=1'], true],
    [['-allow-lost=T'], true],
    [['-allow-lost=false'], false],
    [['--allow-lost=0'], false],
    [['-allow-lost=false', '-allow-lost=0'], false],
  ])('without a value is a boolean: %j is %s', (args, expected) => {
    expect(optionsOf(['-manifest=m', ...args]).allowLost).toBe(expected);
  });

  it('that is given with two values is refused, unless it is repeatable', () => {
    expect(() => optionsOf(['-manifest=a', '-manifest=b'])).toThrow(
      '-manifest=a and -manifest=b contradict each other: give one',
    );
    expect(() => optionsOf(['-manifest=a', '-confirm', '-confirm=false'])).toThrow('contradict');
    expect(optionsOf(['-manifest=a', '-manifest=a']).where).toMatchObject({ file: 'a' });
    expect(optionsOf(['-manifest=a', '-plain-http=x', '-plain-http', 'y']).plainHttp).toEqual(['x', 'y']);
  });

  it('may have a value that looks like a flag or like nothing', () => {
    expect(optionsOf(['-manifest=-confirm'])).toMatchObject({
      where: { file: '-confirm' },
      task: 'dry-run',
    });
    expect(optionsOf(['-manifest=m', '--certificate-identity-regexp=(a)|(b) --confirm']).task).toBe(
      'dry-run',
    );
    expect(optionsOf(['-manifest=m', '-report=']).report).toBeUndefined();
  });
});

describe('the task', () => {
  it.each([
    [[], 'dry-run'],
    [['-dry-run'], 'dry-run'],
    [['-dry-run=true'], 'dry-run'],
    [['-confirm=false'], 'dry-run'],
    [['-confirm'], 'promotion'],
    [['-confirm=true'], 'promotion'],
    [['-dry-run=false'], 'promotion'],
    [['-parse-only'], 'parse-only'],
    [['-parse-only', '-dry-run'], 'parse-only'],
    [['-parse-only', '-confirm=false'], 'parse-only'],
    [['-parse-only=false', '-confirm'], 'promotion'],
  ])('of %j is %s', (args, task) => {
    expect(optionsOf(['-manifest=m', ...args]).task).toBe(task);
  });
});

describe('a proof', () => {
  it.each([
    [[], 'few', []],
    [['-prove=all'], 'all', []],
    [['-prove', 'NONE'], 'none', []],
    [['-prove=changed'], 'few', [expect.stringMatching(/^-prove=changed: changed images/)]],
    [['-prove=changed', '-manifest-diff-base=main'], 'all', []],
    [['-prove=all', '-confirm'], 'all', [expect.stringMatching(/no effect with -confirm/)]],
    [['-prove=none', '-confirm'], 'none', []],
    [['-prove=all', '-parse-only'], 'all', [expect.stringMatching(/no effect with -parse-only/)]],
  ] as const)('with %j is %s', (args, proof, warnings) => {
    expect(optionsOf(['-manifest=m', ...args])).toMatchObject({ proof, warnings });
  });

  it.each(['', 'some', 'true'])('is not %j', (mode) => {
    expectRefusal(['-manifest=m', `-prove=${mode}`], /-prove is all, changed or none, not/);
  });
});

describe('a contradiction is refused in words', () => {
  it.each([
    [['-manifest=a', '-thin-manifest-dir=b'], /-manifest and -thin-manifest-dir/],
    [['-manifest=a', '-confirm', '-dry-run'], /-confirm and -dry-run/],
    [['-manifest=a', '-confirm', '-dry-run=false'], /-confirm and -dry-run/],
    [['-manifest=a', '-confirm=false', '-dry-run'], /-confirm and -dry-run/],
    [['-manifest=a', '-confirm', '-parse-only'], /-parse-only.*-confirm/],
    [['-manifest=a', '-dry-run=false', '-parse-only'], /-parse-only/],
    [['-manifest=a', '-report=x', '-json-log-summary'], /-json-log-summary.*-report=x/],
    [['-manifest=a', '-report=-', '-report-markdown=-'], /-report and -report-markdown/],
    [['-manifest=a', '-json-log-summary', '-report-markdown=-'], /-report and -report-markdown/],
    [['-manifest=a', '-report=x', '-report-markdown=x'], /-report and -report-markdown/],
  ])('%j', (args, words) => expectRefusal(args, words));

  it('but what only repeats itself is none', () => {
    expect(optionsOf(['-manifest=a', '-report=-', '-json-log-summary']).report).toBe('-');
    expect(optionsOf(['-manifest=a', '-report=x', '-json-log-summary=false']).report).toBe('x');
    expect(optionsOf(['-manifest=a', '-thin-manifest-dir='])).toMatchObject({ where: { kind: 'plain' } });
  });
});

describe('a malformed command line is refused', () => {
  it.each([
    [['-manifest'], /-manifest needs a value/],
    [['-manifest=a', '-confirm', 'true'], /unexpected argument "true".*-flag=true/],
    [['-manifest=a', '-confirm=perhaps'], /-confirm is true or false, not "perhaps"/],
    [['-manifest=a', '-spool-limit=1G'], /-spool-limit is a number of mebibytes, not "1G"/],
    [['-manifest=a', '-threads=many'], /-threads is a number, not "many"/],
    [['-manifest=a', '-threads=1.5'], /-threads is a number, not "1.5"/],
    [['-manifest=a', '-threads=1000000'], /-threads is at most 100000, not "1000000"/],
    [['-manifest=a', '-=x'], /"-=x" is no flag/],
    [['-manifest=a', '---confirm'], /"---confirm" is no flag/],
    [['-manifest=a', '-plain-http=http://vm:5712'], /-plain-http is a host or host:port.*"http:\/\/vm:5712"/],
    [['-manifest=a', '-plain-http=a/b'], /-plain-http is a host or host:port/],
    [['-manifest=a', '-plain-http='], /-plain-http is a host or host:port/],
    [['-manifest=a', '-plain-http=vm:http'], /-plain-http is a host or host:port/],
    [['-manifest=a', '-log-level=loud'], /-log-level.*"loud"/],
    [['-manifest=a', '-output', 'json'], /-output is the format of -snapshot.* give -report=-/],
    [['-manifest=a', '-confirm', '-output-format=json'], /-output-format is .* give -report=-/],
    [['-manifest=a', '-quiet', '-verbose'], /-quiet and -verbose contradict each other/],
    [['-manifest=a', '-log-format=xml'], /-log-format.*"xml"/],
    [['promote'], /unexpected argument "promote"/],
    [['run', 'run'], /unexpected argument "run"/],
    [['--', '-manifest=a'], /unexpected argument "-manifest=a"/],
    [[], /no manifest given/],
    [['-confirm'], /no manifest given/],
    [['-manifest='], /no manifest given/],
  ])('%j', (args, words) => expectRefusal(args, words));

  it.each([
    [['-thin-manifest-dri=x'], /unknown flag.*-thin-manifest-dri.*-thin-manifest-dir\?/],
    [['--manifets', 'x'], /unknown flag.*-manifets.*-manifest\?/],
    [['-comfirm'], /unknown flag.*-comfirm.*-confirm\?/],
    [['-alow-lost=true'], /unknown flag.*-alow-lost.*-allow-lost\?/],
    [['-thread=7'], /unknown flag.*-thread.*-threads\?/],
    [['-log_level=info'], /unknown flag.*-log_level.*-log-level\?/],
    [['-xyzzy'], /^unknown flag "-xyzzy"$/],
    [['-c'], /^unknown flag "-c"$/],
    [['-zzz'], /^unknown flag "-zzz"$/],
    [['-manifest-based'], /-manifest-based-snapshot-of\?$/],
  ])('an unknown flag, with the nearest one if one is near: %j', (args, words) =>
    expectRefusal(['-manifest=m', ...args], words),
  );

  it('kpromo knows cip, and names what it does not know', () => {
    expectRefusal(['gh', '-manifest=m'], /"gh"/, 'kpromo');
  });
});

describe('flags of the original', () => {
  const example = ({ name, value }: Flag) => (value === undefined ? `-${name}` : `-${name}=(x)|(y)`);

  it.each(FORMER_FLAGS.filter(({ inert }) => inert !== undefined).map((spec) => [example(spec), spec]))(
    '%s is accepted, and a warning says what became of it',
    (flag, { name, inert }) => {
      expect(optionsOf(['-manifest=m', flag]).warnings).toEqual([`-${name} is ignored: ${inert}`]);
    },
  );

  it.each(FORMER_FLAGS.filter(({ refused }) => refused !== undefined).map((spec) => [example(spec), spec]))(
    '%s is refused by its name, and what to use instead is said',
    (flag, { name, refused = '' }) => {
      expect(() => optionsOf(['-manifest=m', flag])).toThrow(`-${name} is gone: ${refused}`);
    },
  );

  it.each([
    ['-manifest-dir=d', /^-manifest-dir is gone: .*-thin-manifest-dir=DIR/],
    ['-require-provenance', /^-require-provenance is gone: .*provenance in promoter-manifest\.yaml/],
    ['-garbage-collect', /^-garbage-collect is gone: nothing is ever deleted here/],
    ['-delete-extra-tags=true', /^-delete-extra-tags is gone: nothing is ever deleted here/],
    ['-flattened-snapshot', /-output-format=csv/],
    ['-audit-manifest-path=d', /^-audit-manifest-path is gone: .*cip audit serve/],
    ['-require-provenance', /^-require-provenance is gone: give the manifest a policy/],
  ])('that is gone is not taken for another: %s', (flag, words) => expectRefusal(['-confirm', flag], words));

  it.each(['-garbage-collect=false', '-delete-extra-tags=false', '-require-provenance=false'])(
    '%s asked for nothing, and asks for nothing',
    (flag) => expect(optionsOf(['-manifest=m', flag]).task).toBe('dry-run'),
  );

  it.each([['-minimal-snapshot=false'], ['-use-prow-manifest-diff=false'], ['-vuln-severity-threshold=-1']])(
    '%s spells the default and asks for nothing',
    (flag) => {
      expect(optionsOf(['-manifest=m', flag]).warnings).toEqual([]);
    },
  );

  it.each([
    'snapshot',
    'manifest-based-snapshot-of',
    'snapshot-tag',
    'output-format',
    'output',
    'snapshot-repositories',
  ])('-%s= is refused, so that an empty variable promotes nothing', (name) => {
    expectRefusal(
      ['-thin-manifest-dir=d', '-confirm', `-${name}=`],
      new RegExp(`-${name} is given without a value: `),
    );
  });

  it.each([
    ['-quiet', { level: 'warning', detail: 'quiet' }],
    ['-verbose', { level: 'info', detail: 'verbose' }],
    ['-no-color', { colours: false, detail: 'normal' }],
    ['-log-format=legacy', { format: 'legacy', level: 'info' }],
  ])('%s is an option of the log', (flag, expected) => {
    expect(optionsOf(['-manifest=m', flag])).toMatchObject({ log: expected, warnings: [] });
  });

  it('-threads of 0 or less means the default, as it did, with a warning', () => {
    for (const threads of ['0', '-1']) {
      const options = optionsOf(['-manifest=m', '-threads', threads]);
      expect(options).toMatchObject({ threads: 50, warnings: [expect.stringContaining('default, 50')] });
    }
  });

  it.each([
    ['trace', 'debug'],
    ['DEBUG', 'debug'],
    ['info', 'info'],
    ['warn', 'warning'],
    ['Warning', 'warning'],
    ['fatal', 'error'],
  ])('-log-level=%s is %s', (given, level) => {
    expect(optionsOf(['-manifest=m', `-log-level=${given}`]).log).toEqual({
      level,
      format: 'text',
      detail: 'normal',
      colours: true,
    });
  });
});

describe('-key-files', () => {
  it.each([
    [['-key-files=a,b'], ['a', 'b']],
    [['-key-files=a,'], ['a']],
    [['-key-files='], []],
    [[], []],
  ])('%j names %j', (args, expected) => {
    expect(optionsOf(['-manifest=m', ...args]).keyFiles).toEqual(expected);
  });

  it.each([',', ' ', ' , '])('that names nothing is refused: %j', (csv) => {
    expectRefusal(['-manifest=m', `-key-files=${csv}`], /-key-files names no file/);
  });
});
