import { quote } from '../../../base/text.ts';
import { type Mirror, parseMirror } from '../../../workflows/verify/mirror.ts';
import type { ParsedFlags } from '../../commands/command.ts';
import { NOT_OF_VERIFY, WITH_REPAIR } from '../command-flags.ts';
import { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import { makePromotionOptions, type PromotionOptions } from './promotion-options.ts';

/** A complete and consistent request for a verification. */
export interface VerifyOptions extends PromotionOptions {
  readonly deep: boolean;
  readonly mirror: Mirror | undefined;
  /** Whether images that are not whole are repaired; really only where `task` is `promotion`. */
  readonly repair: boolean;
}

/** The options that flags ask for. Throws a `UsageError` for contradictions and for what is missing. */
export function makeVerifyOptions(parsed: ParsedFlags, env: NodeJS.ProcessEnv): VerifyOptions {
  const flags = new FlagValues(parsed.values);
  for (const name of NOT_OF_VERIFY) {
    if (parsed.values.has(name)) throw new UsageError(`cip verify is read-only; -${name} is not allowed`);
  }
  const options = { deep: flags.isOn('deep'), mirror: mirrorOf(flags), repair: flags.isOn('repair') };
  refuseContradictions(parsed, options);
  return { ...makePromotionOptions(parsed, env), ...options };
}

function refuseContradictions(
  { values }: ParsedFlags,
  { deep, mirror, repair }: Pick<VerifyOptions, 'deep' | 'mirror' | 'repair'>,
): void {
  for (const name of WITH_REPAIR) {
    if (values.has(name) && !repair)
      throw new UsageError(`cip verify is read-only; -${name} is allowed with -repair only`);
  }
  if (repair && !deep) {
    throw new UsageError('-repair needs -deep: without it nobody looks whether the content is there');
  }
  if (repair && mirror !== undefined) {
    throw new UsageError('-repair is for destinations, and -via asks a front in their place: give one');
  }
}

function mirrorOf(flags: FlagValues): Mirror | undefined {
  const text = flags.text('via');
  if (!text) return undefined;
  const mirror = parseMirror(text);
  if (mirror !== undefined) return mirror;
  throw new UsageError(
    `-via is HOST or HOST=ROOT, a host without a scheme and the path that it stands for, not ${quote(text)}`,
  );
}
