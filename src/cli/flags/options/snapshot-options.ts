import { isEmailAddress, quote, trimEndOf } from '../../../base/text.ts';
import type { ExcludedContent } from '../../../browse/filter-children.ts';
import { parseRegistryName, type RegistryName } from '../../../image/repository.ts';
import { parseTag, type Tag } from '../../../image/tag.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { checkRegistryName } from '../../../manifest/rules.ts';
import { SNAPSHOT_FORMATS, type SnapshotFormat } from '../../../workflows/snapshot/render.ts';
import type { ParsedFlags, ProgramName } from '../../commands/command.ts';
import { FlagValues } from '../flag-values.ts';
import { UsageError } from '../usage-error.ts';
import { deadlineOf, locationOf } from './promotion-options.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';

/** A complete and consistent request for a snapshot. */
export interface SnapshotOptions extends RunOptions, BrowseOptions {
  /** What is printed: what a registry holds, or what manifests want there. */
  readonly source: 'registry' | 'manifests';
  readonly registry: RegistryName;
  /** Manifests; beside a registry they say which repositories there are, and which accounts to use. */
  readonly where: ManifestLocation | undefined;
  readonly format: SnapshotFormat;
  /** Milliseconds after which the run is stopped. */
  readonly deadline: number | undefined;
  /** What follows the data. */
  readonly trailer: string;
}

/** How registries are looked at. */
export interface BrowseOptions {
  readonly tag: Tag | undefined;
  readonly minimal: ExcludedContent;
  /** A file with the names of repositories. */
  readonly repositoriesFile: string | undefined;
  /** The Google service account for the registries that are named on the command line. */
  readonly account: string | undefined;
}

/** True where the flags ask for a snapshot and not for a promotion. */
export function isSnapshot({ values }: Pick<ParsedFlags, 'values'>): boolean {
  const flags = new FlagValues(values);
  return Boolean(flags.text('snapshot') || flags.text('manifest-based-snapshot-of'));
}

/** The options that flags ask for. Throws a `UsageError` for contradictions and for what is missing. */
export function makeSnapshotOptions(
  program: ProgramName,
  { values }: Pick<ParsedFlags, 'values'>,
): SnapshotOptions {
  const flags = new FlagValues(values);
  const run = runOptionsOf(values, warningsOf(flags));
  refusePromotion(flags);
  const format = formatOf(flags, SNAPSHOT_FORMATS) ?? 'yaml';
  // kpromo printed its snapshots with one more line break than cip did
  const trailer = program === 'kpromo' && format !== 'json' ? '\n' : '';
  return {
    ...run,
    ...browseOptionsOf(flags),
    ...subjectOf(flags),
    deadline: deadlineOf(flags),
    format,
    trailer,
  };
}

export function browseOptionsOf(flags: FlagValues): BrowseOptions {
  return {
    tag: tagOf(flags),
    minimal: minimalOf(flags),
    repositoriesFile: flags.text('snapshot-repositories') || undefined,
    account: accountOf(flags),
  };
}

/** The format that `-output-format` or `-output` names, in whatever case. */
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

/** The registry that a text names, slashes at its end left out. Throws a `UsageError` with what is wrong with it. */
export function registryNamed(text: string): RegistryName {
  const trimmed = trimEndOf(text, '/');
  const registry = parseRegistryName(trimmed);
  if (registry !== undefined) return registry;
  const verdict = checkRegistryName(trimmed);
  throw new UsageError('fault' in verdict ? verdict.fault.message : `invalid registry name ${quote(text)}`);
}

function subjectOf(flags: FlagValues): Pick<SnapshotOptions, 'source' | 'registry' | 'where'> {
  const registry = flags.text('snapshot');
  const wanted = flags.text('manifest-based-snapshot-of');
  if (registry && wanted) {
    throw new UsageError('-snapshot and -manifest-based-snapshot-of are two snapshots: give one');
  }
  if (wanted) return { source: 'manifests', registry: registryNamed(wanted), where: locationOf(flags) };
  const hasManifests = Boolean(flags.text('manifest') || flags.text('thin-manifest-dir'));
  const where = hasManifests ? locationOf(flags) : undefined;
  return { source: 'registry', registry: registryNamed(registry ?? ''), where };
}

function refusePromotion(flags: FlagValues): void {
  const confirmed = flags.isOn('confirm')
    ? '-confirm'
    : flags.text('dry-run') === 'false'
      ? '-dry-run=false'
      : undefined;
  if (confirmed !== undefined) {
    throw new UsageError(`a snapshot only reads, so it cannot go with ${confirmed}`);
  }
  if (flags.text('shard') || flags.text('shard-count')) {
    throw new UsageError('a snapshot is of a whole registry, so it cannot go with -shard or -shard-count');
  }
  if (flags.isOn('parse-only')) {
    throw new UsageError('-parse-only stops before anything is read, so it cannot go with a snapshot');
  }
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

/** What is of promotions alone changes nothing here. */
function warningsOf(flags: FlagValues): string[] {
  const given = PROMOTION_ONLY.filter((name) => flags.isGiven(name) && flags.text(name) !== 'false');
  return given.map((name) => `-${name} has no effect on a snapshot`);
}

const PROMOTION_ONLY = [
  'report',
  'report-markdown',
  'report-all',
  'json-log-summary',
  'allow-lost',
  'spool-limit',
  'prove',
  'max-image-size',
] as const satisfies readonly Parameters<FlagValues['text']>[0][];
