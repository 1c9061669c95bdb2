import { oneLine, quote } from '../../base/text.ts';
import type { Flag } from './flag.ts';
import { UsageError } from './usage-error.ts';

const ABBREVIATIONS: ReadonlyMap<string, string> = new Map([
  ['h', 'help'],
  ['j', 'json'],
]);
const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/**
 * Rewrites a command line as Go programs and cobra take it into the one form that commander takes: `--flag=value`,
 * booleans too. One dash or two, `-flag value`, `-flag=value`, `-flag`, `-h`; `--` ends the flags. An
 * unknown flag is left for commander to report, without its value, which would disturb the search for a near name.
 *
 * @see https://pkg.go.dev/flag#hdr-Command_line_flag_syntax
 */
export function rewriteGoFlags(argv: readonly string[], specs: readonly Flag[]): string[] {
  const known = new Map(specs.map((spec) => [spec.name, spec]));
  const rest = [...argv];
  const rewritten: string[] = [];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === '--') return [...rewritten, argument, ...rest];
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
    const name = match?.[1] ?? '';
    const spec = known.get(ABBREVIATIONS.get(name) ?? name);
    if (match === null && /^-./.test(argument)) {
      throw new UsageError(`${quote(argument)} is no flag: a flag is -name or -name=value`);
    }
    if (match === null) rewritten.push(argument);
    else if (spec === undefined) rewritten.push(`--${match[1]}`);
    else if (spec.value === undefined) rewritten.push(`--${spec.name}=${booleanOf(spec, match[2])}`);
    else rewritten.push(`--${spec.name}=${match[2] ?? valueAfter(spec, rest)}`);
  }
  return rewritten;
}

/** The words that are neither flags nor values of flags, in a command line that may be wrong. */
export function wordsAmong(argv: readonly string[], specs: readonly Flag[]): string[] {
  const valued = new Set(specs.filter(({ value }) => value !== undefined).map(({ name }) => name));
  return argv.filter((argument, index) => {
    const before = /^--?([^-=][^=]*)$/.exec(argv[index - 1] ?? '')?.[1];
    return !argument.startsWith('-') && (before === undefined || !valued.has(before));
  });
}

/** The arguments before the first flag that is not known: the one behind it may be its value. */
export function beforeUnknownFlag(argv: readonly string[], specs: readonly Flag[]): readonly string[] {
  const known = new Set(specs.map(({ name }) => name));
  const isUnknown = (argument: string) => {
    const name = /^--?([^-=][^=]*)/.exec(argument)?.[1] ?? '';
    return argument.startsWith('-') && !known.has(ABBREVIATIONS.get(name) ?? name);
  };
  const at = argv.findIndex(isUnknown);
  return at === -1 ? argv : argv.slice(0, at);
}

/** The value of a boolean flag that is spelled like this. Throws a `UsageError` with the spelling. */
export function booleanOf(
  spec: Pick<Flag, 'name' | 'words'>,
  value: string | undefined,
  spelling = `-${spec.name}`,
): boolean | string {
  const word = value?.toLowerCase();
  if (word !== undefined && spec.words?.includes(word)) return word;
  if (value === undefined || TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw new UsageError(
    `${spelling} is ${['true', 'false', ...(spec.words ?? [])].join(' or ')}, not ${quote(value)}`,
  );
}

/** The argument after a flag. A flag is no value, but `-`, a negative number and an empty argument are. */
function valueAfter({ name, value: placeholder }: Flag, rest: string[]): string {
  const value = rest.shift();
  if (value !== undefined && !/^-[^\d]/s.test(value)) return value;
  const got = value === undefined ? '' : `, got ${oneLine(value)}`;
  throw new UsageError(`-${name} needs a value${got}: -${name}=${placeholder}`);
}
