import type { RegistryName } from '../../../image/repository.ts';
import type { ManifestLocation } from '../../../manifest/read-manifests.ts';
import { SNAPSHOT_FORMATS, type SnapshotFormat } from '../../../workflows/snapshot/render.ts';
import type { Given } from '../../commands/command.ts';
import type { FlagValues } from '../flag-values.ts';
import { ALLOW_LOST_FLAGS, PROMOTION_FLAGS, REPORT_FLAGS, RULE_FLAGS } from '../flags.ts';
import { effective } from '../refuse-flags.ts';
import { UsageError } from '../usage-error.ts';
import { type BrowseOptions, browseOptionsOf, formatOf, registryNamed } from './browse-options.ts';
import { deadlineOf } from './deadline-option.ts';
import { isLimitedToChanges } from './manifest-diff-option.ts';
import { locationOf } from './promotion-options.ts';
import { type RunOptions, runOptionsOf } from './run-options.ts';
import { SIGNER_FLAGS, VERIFICATION_FLAGS } from './verification-options.ts';

/** A complete and consistent request for a snapshot. */
export interface SnapshotOptions extends RunOptions, BrowseOptions {
  /** The content of a registry, or the images that manifests want there. */
  readonly source: 'registry' | 'manifests';
  readonly registry: RegistryName;
  /** Manifests. For the snapshot of a registry they name repositories and accounts. */
  readonly where: ManifestLocation | undefined;
  readonly format: SnapshotFormat;
  /** Milliseconds after which the run is stopped. */
  readonly deadline: number | undefined;
  /** Text after the data. */
  readonly trailer: string;
}

/** True if the flags request a snapshot and not a promotion. */
export function isSnapshot(flags: FlagValues): boolean {
  return Boolean(flags.text('snapshot') || flags.text('manifest-based-snapshot-of'));
}

/** The options of flags. Throws a `UsageError` for missing and contradicting flags. */
export function makeSnapshotOptions({ flags, program }: Pick<Given, 'flags' | 'program'>): SnapshotOptions {
  const run = runOptionsOf(flags, warningsOf(flags));
  refusePromotion(flags);
  const format = formatOf(flags, SNAPSHOT_FORMATS) ?? 'yaml';
  // kpromo ended its snapshots with one more line break than cip
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
  if (isLimitedToChanges(flags)) {
    throw new UsageError('a snapshot has no changes, so it cannot go with a manifest diff');
  }
  if (flags.isOn('parse-only')) {
    throw new UsageError('-parse-only stops before anything is read, so it cannot go with a snapshot');
  }
}

const IGNORED = [
  ...REPORT_FLAGS,
  ...ALLOW_LOST_FLAGS,
  ...PROMOTION_FLAGS,
  ...RULE_FLAGS,
  ...SIGNER_FLAGS,
  ...VERIFICATION_FLAGS,
];

/** Flags that affect only promotions are ignored, with a warning. */
function warningsOf(flags: FlagValues): string[] {
  return effective(IGNORED, flags).map(({ name }) => `-${name} has no effect on a snapshot`);
}
