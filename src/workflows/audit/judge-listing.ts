import type { WantList } from '../../edges/wanted.ts';
import { asRepository, type Repository } from '../../image/repository.ts';
import type { BrowseRegistry, Listing } from '../../ports/registry.ts';
import { orUnreadable, type Unreadable } from '../../ports/unreadable.ts';
import type { AllowList } from './allow-list.ts';
import type { AuditScope } from './audit-scope.ts';
import type { Judgement } from './finding.ts';
import { readHoldings } from './holdings.ts';
import { unreadEdges } from './judge-edges.ts';
import { judgeRepository } from './judge-repository.ts';
import type { ManifestRelations } from './manifest-relations.ts';
import type { EarlierState } from './earlier-state.ts';

export interface Judging {
  readonly scope: AuditScope;
  readonly areManifestsMalformed: boolean;
  readonly allowList: AllowList;
  /** Makes findings of edges that are present. */
  readonly reportAll: boolean;
  readonly earlier: EarlierState;
  readonly registry: BrowseRegistry;
  readonly relations: ManifestRelations;
  /** Concurrent requests for one repository; the transport bounds them. */
  readonly workers: number;
}

const NOTHING_WANTED: WantList = { wants: [], conflicts: [], edges: 0 };

/** The judgement of a repository by its listing. Undefined: nothing there is to be judged. */
export async function judgeListing(
  repository: Repository,
  listing: Listing | Unreadable,
  judging: Judging & { readonly signal: AbortSignal },
): Promise<Judgement | undefined> {
  const { scope, signal } = judging;
  const list = scope.lists.get(repository) ?? NOTHING_WANTED;
  if (list === NOTHING_WANTED && scope.isSource(repository)) return undefined;
  const judged =
    listing.kind === 'unreadable'
      ? listing
      : await orUnreadable(judge({ repository, list, listing }, judging), signal);
  return 'kind' in judged ? judgeUnread({ repository, list }, judged, scope) : judged;
}

async function judge(
  { repository, list, listing }: { repository: Repository; list: WantList; listing: Listing },
  judging: Judging & { readonly signal: AbortSignal },
): Promise<Judgement> {
  const { scope, earlier } = judging;
  const holdings = await readHoldings(repository, { listing, wants: list.wants }, judging);
  const part = { repository, list, holdings, isNamed: scope.named.has(repository) };
  const result = await judgeRepository(part, judging);
  const changes = earlier.changesOf(repository, holdings);
  return { repository, ...result, changes, listsTagsOnly: listing.kind === 'tags' };
}

/** A destination registry that is no repository need not be readable: its repositories are. */
function judgeUnread(
  part: { readonly repository: Repository; readonly list: WantList },
  { reason, fault }: Unreadable,
  { roots }: AuditScope,
): Judgement | undefined {
  const { repository, list } = part;
  const unread = { decision: 'unreadable', reason, fault } as const;
  const rest = { repository, present: 0, changes: [], listsTagsOnly: false };
  if (list !== NOTHING_WANTED) return { ...rest, findings: unreadEdges(part, unread) };
  if (Array.from(roots).some((root) => asRepository(root) === repository)) return undefined;
  return { ...rest, findings: [{ ...unread, repository, reference: undefined }] };
}
