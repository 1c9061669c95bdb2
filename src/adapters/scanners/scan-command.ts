import { assertNever, messageOf } from '../../base/errors.ts';
import { ProgramError, runProgram } from '../../base/run-program.ts';
import { oneLine } from '../../base/text.ts';
import { formatReference } from '../../image/reference.ts';
import type { ScanResult, ScanTarget, VulnerabilitySource } from '../../ports/vulnerabilities.ts';
import { MAX_DOCUMENT_BYTES, parseScan } from './parse-document.ts';

/** Stands for the reference of the image, `repository@digest`. */
const REF = '{ref}';
/** Milliseconds for one image: a scanner may download its database first. */
const LIMIT = 15 * 60_000;
/** Scanners at a time: each uses a processor and a lot of memory. */
const CONCURRENCY = 2;

export interface ScanCommandOptions {
  /** The program and its arguments. */
  readonly words: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for one image. Default: 15 minutes. */
  readonly limit?: number;
}

/**
 * Runs a program for each image, without a shell. It prints a report that `parseScan` knows and ends with exit code 0.
 * A scanner given an index examines one of its platforms, so each platform is scanned by its own digest.
 */
export function createScanCommand(options: ScanCommandOptions): VulnerabilitySource {
  return {
    name: oneLine(options.words[0]),
    concurrency: CONCURRENCY,
    indexResults: 'none',
    scan: (target, signal) => scan(target, options, signal),
  };
}

async function scan(
  target: ScanTarget,
  { words: [program, ...args], env, limit = LIMIT }: ScanCommandOptions,
  signal: AbortSignal,
): Promise<ScanResult> {
  const reference = formatReference(target.repository, target.digest);
  const call = {
    program,
    args: args.map((word) => word.replaceAll(REF, reference)),
    env,
    input: '',
    limit,
    maxOutput: MAX_DOCUMENT_BYTES,
    signal,
  };
  try {
    const { end, output, stderr } = await runProgram(call);
    if (end !== 'exit 0')
      return failed([end, lastLineOf(stderr), hintFor(output)].filter(Boolean).join(': '));
    return resultOf(output, target);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return failed(explain(error, limit));
  }
}

/** A scanner may fail because of what it has found, and print its report nevertheless. */
function hintFor(output: string): string {
  try {
    parseScan(output);
    return 'it printed a report: remove flags such as --exit-code and --fail-on';
  } catch {
    return '';
  }
}

function resultOf(output: string, { digest }: ScanTarget): ScanResult {
  const { digests, vulnerabilities } = parseScan(output);
  if (digests.size === 0 || digests.has(digest)) return { vulnerabilities };
  return failed(`its output is for another image, ${Array.from(digests).join(', ')}`);
}

function failed(notScanned: string): ScanResult {
  return { vulnerabilities: [], notScanned };
}

function explain(error: unknown, limit: number): string {
  if (!(error instanceof ProgramError)) return `its output cannot be used: ${messageOf(error)}`;
  switch (error.code) {
    case 'not-found':
      return 'there is no such program in PATH';
    case 'not-runnable':
      return `it cannot be run: ${error.message}`;
    case 'too-late':
      return `it did not end within ${limit / 1000} s`;
    case 'too-much-output':
      return `its output has more than ${MAX_DOCUMENT_BYTES / 1024 / 1024} MiB`;
    default:
      return assertNever(error.code);
  }
}

/** The reason of a failure usually is the last line. */
function lastLineOf(text: string): string {
  return oneLine(text.trimEnd().split('\n').at(-1) ?? '');
}

/**
 * The words of a command: spaces separate them, and single or double quotes keep spaces in a word. Nothing else has a
 * meaning. Throws for a quote without an end, and for a command that does not name the image.
 */
export function parseScanCommand(text: string): ScanCommandOptions['words'] {
  const words: string[] = [];
  const word = /\s*((?:[^\s'"]|'[^']*'|"[^"]*")+)\s*/gy;
  let end = 0;
  for (const match of text.matchAll(word)) {
    words.push((match[1] ?? '').replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
    end = match.index + match[0].length;
  }
  if (end < text.trimEnd().length) throw new Error('a quote is not closed');
  const [program, ...args] = words;
  if (program === undefined || program === '') throw new Error('it names no program');
  if (!args.some((one) => one.includes(REF)))
    throw new Error(`no argument has ${REF}, which stands for the image`);
  return [program, ...args];
}
