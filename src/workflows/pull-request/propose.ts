import { messageOf } from '../../base/errors.ts';
import type { Clone, RemoteBranch } from '../../ports/clone.ts';
import type { HostedRepository, PullRequest, PullRequests } from '../../ports/pull-requests.ts';
import {
  branchOf,
  describePromotion,
  describeUpdate,
  isOwnSubject,
  listImages,
  type Promotion,
  replaceImages,
} from './describe-promotion.ts';

/** A change in the working tree of the clone, and where to propose it. */
export interface Change {
  readonly promotion: Promotion;
  /** The changed file, relative to the top of the clone. */
  readonly path: string;
  readonly upstream: HostedRepository;
  readonly fork: HostedRepository;
  /** The URL that the branch is pushed to. */
  readonly pushUrl: string;
  /** Whether to open a pull request again that somebody has closed. */
  readonly reopens: boolean;
}

export interface ProposePorts {
  readonly clone: Clone;
  readonly host: PullRequests;
  /** Resolves to false if the user does not want that. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly warn: (message: string) => void;
}

export type Proposed =
  | { readonly kind: 'opened' | 'updated' | 'current' | 'closed'; readonly pull: PullRequest }
  /** The newest commit of the branch is of somebody else. */
  | { readonly kind: 'foreign'; readonly branch: string; readonly subject: string }
  | { readonly kind: 'declined' };

/**
 * Commits a change, pushes it to its branch and opens a pull request. The steps that an earlier run has done are left
 * out, and its pull request is updated if it has other images.
 */
export async function propose(change: Change, ports: ProposePorts, signal: AbortSignal): Promise<Proposed> {
  const { promotion, path, pushUrl, fork } = change;
  const { selection } = promotion;
  const { clone, confirm } = ports;
  const place = { url: pushUrl, branch: branchOf(selection) };
  await clone.commit(path, describePromotion(promotion).title, signal);
  const existing = await clone.readBranch(place, path, signal);
  if (existing !== undefined && isForeign(existing, selection.project))
    return { kind: 'foreign', branch: place.branch, subject: existing.subject };
  const isPushed = existing?.isSameChange !== true;
  if (isPushed) {
    if (!(await confirm(`Push changes to user's fork at ${fork.name}?`))) return { kind: 'declined' };
    await clone.push(place, existing?.tip, signal);
  }
  return await openOrUpdate({ ...change, branch: place.branch, isPushed }, ports, signal);
}

/** An amended commit may have an edit of somebody else, which must not get lost. */
function isForeign({ subject, isAmended, isSameChange }: RemoteBranch, project: string): boolean {
  return !isOwnSubject(subject, project) || (isAmended && !isSameChange);
}

interface Pushed extends Change {
  readonly branch: string;
  /** False if the branch had the change before. */
  readonly isPushed: boolean;
}

async function openOrUpdate(change: Pushed, ports: ProposePorts, signal: AbortSignal): Promise<Proposed> {
  const { promotion, upstream, fork, branch, isPushed, reopens } = change;
  const { host, confirm } = ports;
  const branches = { base: upstream, head: fork, branch };
  const pull = await host.find(branches, signal);
  if (pull?.state === 'open') return await update(change, { pull, ports }, signal);
  if (pull?.state === 'closed' && !isPushed && !reopens) return { kind: 'closed', pull };
  if (!(await confirm('Create pull request?'))) return { kind: 'declined' };
  const opened = await host.create(branches, describePromotion(promotion), signal);
  await requestReviewers(change, { pull: opened, ports }, signal);
  return { kind: 'opened', pull: opened };
}

interface OpenPull {
  readonly pull: PullRequest;
  readonly ports: ProposePorts;
}

async function update(
  { promotion, upstream, isPushed }: Pushed,
  { pull, ports }: OpenPull,
  signal: AbortSignal,
): Promise<Proposed> {
  if (pull.body.includes(listImages(promotion))) return { kind: isPushed ? 'updated' : 'current', pull };
  const { title, body } = describePromotion(promotion);
  await ports.host.update(upstream, pull.number, { title, body: replaceImages(pull.body, body) }, signal);
  await ports.host.comment(upstream, pull.number, describeUpdate(promotion), signal);
  return { kind: 'updated', pull };
}

const HANDLE = /@[\w-]+(?:\/[\w.-]+)?/g;

/** They are mentioned in the body, too: a failure is a warning. */
async function requestReviewers(
  { promotion, upstream }: Change,
  { pull, ports }: OpenPull,
  signal: AbortSignal,
): Promise<void> {
  const reviewers = promotion.reviewers.match(HANDLE) ?? [];
  if (!upstream.mayRequestReviewers || reviewers.length === 0) return;
  await ports.host.requestReviewers(upstream, pull.number, reviewers, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    ports.warn(`no review was requested: ${messageOf(error)}`);
  });
}
