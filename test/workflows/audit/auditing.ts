import type { Shard } from '../../../src/edges/shard.ts';
import type { Problem, PromoterManifest } from '../../../src/manifest/model.ts';
import { SourceFile } from '../../../src/manifest/source-file.ts';
import type { BrowseRegistry } from '../../../src/ports/registry.ts';
import type { Audit } from '../../../src/report/audit/audit.ts';
import { audit } from '../../../src/workflows/audit/audit.ts';
import { parseAllowList } from '../../../src/workflows/audit/parse-allow-list.ts';
import type { Snapshot } from '../../../src/workflows/audit/earlier-state.ts';
import { clientForTest } from '../../adapters/oci/client.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { RecordingProgress } from '../../doubles/recording-progress.ts';

export interface AuditingOptions {
  /** The text of the allow-list. Default: none. */
  readonly allow?: string;
  readonly since?: readonly Snapshot[];
  readonly shard?: Shard;
  readonly reportAll?: boolean;
  readonly stopping?: AbortSignal;
  readonly registry?: BrowseRegistry;
  /** Malformed entries of the manifests. Default: none. */
  readonly problems?: readonly Problem[];
}

/** Audits the registries that manifests name, and gives the report. */
export function auditManifests(
  manifests: readonly PromoterManifest[],
  { allow = '', since, shard, reportAll = false, ...options }: AuditingOptions = {},
): Promise<Audit> {
  const {
    stopping = new AbortController().signal,
    registry = clientForTest().registry,
    problems = [],
  } = options;
  const source = new SourceFile('audit-allow.yaml', allow);
  const allowances = parseAllowList(source);
  if (source.problems.length > 0) throw new Error(source.problems[0]?.message);
  const read = { manifests, problems, counts: { projects: 1, images: 1, digests: 1 } };
  return audit(
    { read, allowances, since, shard, reportAll, threads: 8 },
    {
      registry,
      traffic: { hosts: () => new Map() },
      clock: new FakeClock(),
      progress: new RecordingProgress(),
      stopping,
    },
  );
}

/** The findings as `decision destination`, in the order of the report. */
export function findingsOf({ items }: Audit): readonly string[] {
  return items.map(({ decision, destination }) => `${decision} ${destination}`);
}
