import { describe, expect, it } from 'vitest';
import { COMMANDS, TABLE } from '../../../src/cli/commands/commands.ts';
import {
  addEnvironment,
  isOfEnvironment,
  nameVariables,
  variableOf,
} from '../../../src/cli/flags/environment-flags.ts';
import type { Flag } from '../../../src/cli/flags/flag.ts';
import { isInHelp } from '../../../src/cli/flags/flag.ts';
import { parseCommandLine } from '../../../src/cli/flags/parse-command-line.ts';
import { UsageError } from '../../../src/cli/flags/usage-error.ts';

function complete(argv: readonly string[], env: Readonly<Record<string, string>>) {
  return addEnvironment(parseCommandLine('cip', argv), { env, known: TABLE.flags });
}

/** The values by flag. */
function flagsOf(argv: readonly string[], env: Readonly<Record<string, string>>) {
  const { flags } = complete(argv, env);
  return Object.fromEntries(flags.names.map((name) => [name, flags.all(name)]));
}

describe('a flag from the environment', () => {
  it.each<[Readonly<Record<string, string>>, Readonly<Record<string, readonly string[]>>]>([
    [{ CIP_THREADS: '20' }, { threads: ['20'] }],
    [{ CIP_KEY_FILES: 'a.json,b.json' }, { 'key-files': ['a.json,b.json'] }],
    [{ CIP_PLAIN_HTTP: 'a:1 b:2' }, { 'plain-http': ['a:1', 'b:2'] }],
    [{ CIP_NO_PROGRESS: '1' }, { 'no-progress': ['true'] }],
    [{ CIP_NO_PROGRESS: 'false' }, { 'no-progress': ['false'] }],
    [{ CIP_NO_PROGRESS: '0' }, { 'no-progress': ['false'] }],
    [{ CIP_MINIMAL_SNAPSHOT: 'strict' }, { 'minimal-snapshot': ['strict'] }],
    [{ CIP_THREADS: '' }, {}],
    [{ CIP_VERSION: '5', CIP_HELP: '1', CIP_DEBUG: '1' }, {}],
    [{ CIP_DRY_RUN: 'true' }, {}],
  ])('%j', (env, flags) => {
    expect(flagsOf([], env)).toEqual(flags);
    expect(complete([], env).warnings).toEqual([]);
  });

  it('loses against the flag itself, repeatable or not', () => {
    const env = { CIP_THREADS: '20', CIP_PLAIN_HTTP: 'a:1', CIP_PARSE_ONLY: '1' };
    const argv = ['-threads=3', '-plain-http=b:2', '-parse-only=false'];
    expect(flagsOf(argv, env)).toEqual({ threads: ['3'], 'plain-http': ['b:2'], 'parse-only': ['false'] });
  });

  it('is left out where the command does not take it', () => {
    expect(flagsOf(['version'], { CIP_THREADS: '20', CIP_CONFIRM: '1', CIP_LOG_LEVEL: 'debug' })).toEqual({
      'log-level': ['debug'],
    });
  });

  it('is left out where its format is one of another command, and kept where it is a format of none', () => {
    expect(flagsOf(['audit'], { CIP_OUTPUT: 'csv' })).toEqual({});
    expect(flagsOf(['audit'], { CIP_OUTPUT: 'html' })).toEqual({ output: ['html'] });
    expect(flagsOf(['audit'], { CIP_OUTPUT: 'cvs' })).toEqual({ output: ['cvs'] });
    expect(flagsOf(['audit', '-output=json'], { CIP_REPORT: '-' })).toEqual({ output: ['json'] });
  });

  it.each([
    [{ CIP_CONFIRM: '1' }, 'CIP_CONFIRM is not allowed: -confirm must be on the command line'],
    [{ CIP_CONFIRM: 'false' }, 'CIP_CONFIRM is not allowed: -confirm must be on the command line'],
    [{ CIP_DRY_RUN: '0' }, 'CIP_DRY_RUN=false is not allowed: -confirm must be on the command line'],
    [{ CIP_PARSE_ONLY: 'perhaps' }, 'CIP_PARSE_ONLY is true or false, not "perhaps"'],
  ])('%j is refused', (env, message) => {
    expect(() => complete(['-manifest=m.yaml'], env)).toThrow(new UsageError(message));
  });
});

describe('an unknown variable', () => {
  it.each([
    ['CIP_THREAD', 'unknown variable CIP_THREAD is ignored: did you mean CIP_THREADS?'],
    ['CIP_PORT_80_TCP', 'unknown variable CIP_PORT_80_TCP is ignored'],
  ])('%s is a warning', (name, warning) => {
    expect(complete([], { [name]: 'secret' }).warnings).toEqual([warning]);
  });

  it('of another program is none', () => {
    expect(complete([], { CIPHER: '1', cip_threads: '1', PATH: '/bin' }).warnings).toEqual([]);
  });
});

it('a refusal names the variables that its flags come from', () => {
  const named = (message: string, added: readonly string[]) => {
    const error = nameVariables(new UsageError(message), added);
    return error instanceof Error ? error.message : error;
  };
  expect(named('-threads is a number, not "a"', ['threads', 'report'])).toBe(
    '-threads is a number, not "a" (from the environment: CIP_THREADS)',
  );
  expect(named('-report-all is odd', ['report'])).toBe('-report-all is odd');
});

describe('a flag on the command line is never refused for a variable that contradicts it', () => {
  const SAMPLES: Readonly<Record<string, string>> = {
    threads: '3',
    'plain-http': 'a:1',
    'snapshot-tag': 'v1',
    shard: '0/3',
    'shard-count': '4',
    deadline: '5m',
    'spool-limit': '9',
    prove: 'all',
    rule: 'owners=off',
    annotations: 'github',
    'max-image-size': '9',
    'max-plan-age': '1h',
    'fetch-interval': '9',
    'max-messages': '9',
    'alert-webhook': 'https://a.example.com/b',
    carry: 'none',
    'carry-scope': 'all',
    'sign-recursive': 'each',
    'from-days': '9',
    'to-days': '3',
    limit: '9',
    'attestations-since': '2026-09-24',
    'sign-scope': 'written',
    'sign-reference': 'a.example.com/b=c.example.com',
    'max-signature-ops': '3',
    'fulcio-url': 'https://a.example.com',
    'rekor-url': 'https://a.example.com',
    'rekor-version': '1',
    'timestamp-url': 'https://a.example.com',
    'vuln-severity-threshold': '3',
    'tuf-mirror': 'https://a.example.com/b',
    budget: 'a=3',
    'trust-realm': 'a=b',
    'log-level': 'debug',
    'log-format': 'json',
    'snapshot-service-account': 'a@b.c',
    via: 'mirror.example.com',
  };
  const OPERANDS: Readonly<Record<string, readonly string[]>> = {
    add: ['a.example.com/b:v1'],
    copy: ['a.example.com/b:v1', 'b.example.com/b'],
    diff: ['a', 'b'],
    init: ['d'],
    show: ['f'],
    apply: ['f'],
    'report merge': ['f'],
    completion: ['bash'],
    'audit serve': ['-no-auth', '-path=d'],
  };
  const sampleOf = ({ name, value, values }: Flag, isFirst: boolean) => {
    if (value === undefined) return 'true';
    if (name === 'output-format' || name === 'output') return values?.[isFirst ? 0 : 1] ?? 'json';
    return SAMPLES[name] ?? (value === 'FILE' ? '-' : 'a.example.com/b');
  };

  it.each(COMMANDS.filter(({ words }) => words !== 'diff' && words !== 'show'))('cip $words', (command) => {
    const flags = command.flags.filter(isInHelp);
    const words = [...command.words.split(' ').filter(Boolean), ...(OPERANDS[command.words] ?? [])];
    const parse = (line: ReturnType<typeof parseCommandLine>, added = line.flags) =>
      refusalOf(() =>
        command.check({ ...line, flags: added, program: 'cip', env: { JOB_TYPE: 'postsubmit' } }),
      );
    const wrong: string[] = [];
    for (const first of flags) {
      const argv = [...words, `-${first.name}=${sampleOf(first, true)}`];
      const line = parseCommandLine('cip', argv);
      const base = parse(line);
      if (base !== undefined && !base.startsWith('no manifest')) continue;
      for (const second of flags.filter(isOfEnvironment)) {
        const env = { [variableOf(second.name)]: sampleOf(second, false) };
        const { flags: both } = addEnvironment(line, { env, known: TABLE.flags });
        const refusal = parse(line, both);
        if (![undefined, base, ...NEEDED].includes(refusal))
          wrong.push(`${argv.join(' ')} with ${JSON.stringify(env)}: ${refusal}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  /** A variable that needs another flag contradicts none. */
  const NEEDED = [
    '-plan-key signs the plan of -plan-out, which is not given',
    '-review is a part of the Markdown report: give -report-markdown=FILE too',
    '-repair needs -deep: without it the content is not checked',
    '-tuf-root goes with -tuf-mirror=URL only',
    '-sign-command and -sign-command-key go together: give both',
    '-fulcio-url and -rekor-url are of one instance: give both',
    ...['-sign', '-verification-summaries'].map(
      (flag) =>
        `${flag} needs a signer: give -signer-account, -identity-token, -sign-key or -sign-command, or run where CI gives a token`,
    ),
    '-shard-count=4 says how many shards there are, but the index of this one is missing: give -shard=INDEX/4, or set JOB_COMPLETION_INDEX or CLOUD_RUN_TASK_INDEX',
    'no manifest given: -manifest=FILE or -thin-manifest-dir=DIR is required',
  ];

  function refusalOf(parse: () => unknown): string | undefined {
    try {
      parse();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
});
