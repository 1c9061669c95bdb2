import { isEmailAddress, quote, trimEndOf } from '../../../base/text.ts';
import type { ExcludedContent } from '../../../browse/filter-children.ts';
import { parseRegistryName, type RegistryName } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import { checkRegistryName } from '../../../manifest/rules.ts';
import type { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';

/** Options for reading registries. */
export interface BrowseOptions {
  readonly tag: Tag | undefined;
  readonly minimal: ExcludedContent;
  /** A file with repository names. */
  readonly repositoriesFile: string | undefined;
  /** The Google service account for the registries on the command line. */
  readonly account: string | undefined;
}

export function browseOptionsOf(flags: FlagValues): BrowseOptions {
  return {
    tag: tagOf(flags),
    minimal: minimalOf(flags),
    repositoriesFile: flags.text('snapshot-repositories') || undefined,
    account: accountOf(flags),
  };
}

/** The format of `-output-format` or `-output`, in upper or lower case. */
export function formatOf<Format extends string>(
  flags: FlagValues,
  formats: readonly Format[],
): Format | undefined {
  const given = [flags.text('output-format'), flags.text('output')].map((text) => text?.toLowerCase());
  const [first, second] = given.filter((text) => text !== undefined && text !== '');
  if (first !== undefined && second !== undefined && first !== second) {
    throw new UsageError(`-output-format=${first} and -output=${second} contradict each other: give one`);
  }
  const format = formats.find((known) => known === first);
  if (first !== undefined && format === undefined) {
    throw new UsageError(`invalid output format ${quote(first)}: expected ${formats.join(', ')}`);
  }
  return format;
}

/** Parses a registry name, without trailing slashes. Throws a `UsageError` for an invalid one. */
export function registryNamed(text: string): RegistryName {
  const trimmed = trimEndOf(text, '/');
  const registry = parseRegistryName(trimmed);
  if (registry !== undefined) return registry;
  const verdict = checkRegistryName(trimmed);
  throw new UsageError('fault' in verdict ? verdict.fault.message : `invalid registry name ${quote(text)}`);
}

function tagOf(flags: FlagValues): Tag | undefined {
  const text = flags.text('snapshot-tag');
  if (!text) return undefined;
  const tag = parseTag(text);
  if (tag === undefined) throw new UsageError(`-snapshot-tag is a tag, not ${quote(text)}`);
  return tag;
}

function accountOf(flags: FlagValues): string | undefined {
  const text = flags.text('snapshot-service-account');
  if (!text || isEmailAddress(text)) return text || undefined;
  throw new UsageError(`-snapshot-service-account is the email address of an account, not ${quote(text)}`);
}

function minimalOf(flags: FlagValues): ExcludedContent {
  if (flags.text('minimal-snapshot') === 'strict') return 'attachments';
  return flags.isOn('minimal-snapshot') ? 'children' : 'nothing';
}
