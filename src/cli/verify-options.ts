import { quote } from '../base/text.ts';
import { type Front, parseFront } from '../doors/verify/front.ts';
import { FlagValues } from './flag-values.ts';
import { makeOptions, type Options } from './options.ts';
import type { ParsedFlags } from './command.ts';
import { NOT_OF_VERIFY } from './verify-flags.ts';
import { UsageError } from './usage-error.ts';

/** A complete and consistent request for a verification. */
export interface VerifyOptions extends Options {
  readonly deep: boolean;
  readonly front: Front | undefined;
}

/** The options that flags ask for. Throws a `UsageError` for contradictions and for what is missing. */
export function makeVerifyOptions(parsed: ParsedFlags, env: NodeJS.ProcessEnv): VerifyOptions {
  const flags = new FlagValues(parsed.values);
  for (const name of NOT_OF_VERIFY) {
    if (parsed.values.has(name)) {
      throw new UsageError(`verify only looks whether all is there: -${name} does not go with it`);
    }
  }
  return { ...makeOptions(parsed, env), deep: flags.isOn('deep'), front: frontOf(flags) };
}

function frontOf(flags: FlagValues): Front | undefined {
  const text = flags.text('via');
  if (!text) return undefined;
  const front = parseFront(text);
  if (front !== undefined) return front;
  throw new UsageError(
    `-via is HOST or HOST=ROOT, a host without a scheme and the path that it stands for, not ${quote(text)}`,
  );
}
