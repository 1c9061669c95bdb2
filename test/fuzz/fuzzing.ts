import { Script } from 'node:vm';
import * as fc from 'fast-check';

/** The same in every run of the tests. */
const SEED = 20_261_121;
const RUNS = 300;

/**
 * How a property is run: with a fixed seed, or, where `FUZZ_RUNS` says how often, with another one each time. A failure
 * tells the seed and the path to repeat it with: `FUZZ_SEED`.
 */
export const FUZZ: fc.Parameters<unknown> = parametersOf(process.env);

function parametersOf(env: NodeJS.ProcessEnv): fc.Parameters<unknown> {
  const { FUZZ_RUNS: runs, FUZZ_SEED: seed } = env;
  if (seed !== undefined) return { seed: Number(seed), numRuns: Number(runs ?? RUNS) };
  return runs === undefined ? { seed: SEED, numRuns: RUNS } : { numRuns: Number(runs) };
}

/** What could forge a line, or hide one. */
export const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what it is for
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** Text that is made of the characters and words of a language, mixed with any other. */
export function textOf(characters: string, words: readonly string[]): fc.Arbitrary<string> {
  const pieces = [...Array.from(characters), ...words];
  const piece = fc.oneof(
    { arbitrary: fc.constantFrom(...pieces), weight: 6 },
    { arbitrary: fc.string({ unit: 'binary', maxLength: 6 }), weight: 1 },
    { arbitrary: fc.constantFrom(...pieces).map((text) => text.repeat(20)), weight: 1 },
  );
  return fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''));
}

/** Text that is one of the examples, or nearly so. */
export function nearly(...examples: readonly string[]): fc.Arbitrary<string> {
  return damaged(fc.constantFrom(...examples)).map((bytes) => Buffer.from(bytes).toString());
}

/** JSON values that prefer some names and leaves, nested and contrary to expectation. */
export function jsonOf(names: readonly string[], leaves: readonly unknown[]): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    { arbitrary: fc.constantFrom(...leaves), weight: 4 },
    { arbitrary: fc.jsonValue({ maxDepth: 1 }), weight: 1 },
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 6 }),
    ),
  }));
  return value;
}

/** The bytes of a text in which some places have been changed, cut out or doubled. */
export function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    length: fc.nat(8),
    instead: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.constant(undefined)),
  });
  return fc.tuple(text, fc.array(damage, { maxLength: 3 })).map(([whole, damages]) => {
    let bytes = Buffer.from(whole);
    for (const { at, length, instead } of damages) {
      const place = Math.floor(at * bytes.length);
      const taken = bytes.subarray(place, place + length);
      const middle = instead ?? Buffer.concat([taken, taken]);
      bytes = Buffer.concat([bytes.subarray(0, place), middle, bytes.subarray(place + length)]);
    }
    return bytes;
  });
}

/** Characters of a text on which a quadratic parser would work for an hour, and a linear one for a moment. */
const LONG = 1_000_000;
/** Milliseconds after which work that does not end is ended, whatever it does: a limit, not a measure. */
const LIMIT = 30_000;

/** A long text of one piece over and over. */
export function longTextOf(piece: string): string {
  return piece.repeat(Math.ceil(LONG / piece.length));
}

/** Does some work and gives its result. Throws where it does not end, even in the middle of a regular expression. */
export function toTheEnd<T>(work: () => T): T {
  let result: { readonly value: T } | undefined;
  Object.assign(globalThis, { [WORK]: () => (result = { value: work() }) });
  new Script(`${WORK}()`).runInThisContext({ timeout: LIMIT });
  if (result === undefined) throw new Error('the work has no result');
  return result.value;
}

/** A script reaches what is global and nothing else. */
const WORK = 'workOfTheFuzzTests';
