import { parseDigest } from '../../image/digest.ts';
import { parseSubject } from '../../image/oci-manifest.ts';
import { parseRepository } from '../../image/repository.ts';
import { parseTag } from '../../image/tag.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import { formatPayload, type RegistryEvent } from '../events/registry-event.ts';
import type { AllowedDigests, AllowedImages } from './allowed-images.ts';
import { subjectOfTag } from '../../image/attachment-tags.ts';
import { type ChildFinder, orUnreached } from './child-finder.ts';
import type { RejectionCause, Verdict } from './verdict.ts';

/** The state that a change is judged against. */
export interface Judgement {
  readonly images: AllowedImages;
  /** The commit that `images` stand for; undefined for a directory. */
  readonly commit: string | undefined;
  /** Images of plans and reports, by repository. */
  readonly extra: ReadonlyMap<string, AllowedDigests>;
  readonly registry: ReadRegistry;
  readonly children: ChildFinder;
}

/** The verdict on a change that needs no registry: what the manifests say of it. Undefined where they do not settle it. */
export function judgeDirectly(event: RegistryEvent, judgement: Judgement): Verdict | undefined {
  const { images, extra } = judgement;
  const { repository } = event;
  if (event.isWholeRegistry && images.isSource(repository)) return ignore(event, judgement);
  if (event.action === 'delete')
    return reject(event, judgement, { cause: 'deletion', why: 'deletions are prohibited' });
  if (!event.lacksDigest && isAllowed(images.in(repository), event)) return verify(event, judgement, '');
  if (!event.lacksDigest && isAllowed(extra.get(repository), event))
    return verify(event, judgement, ' (by a plan or report)');
  return undefined;
}

/**
 * The verdict on a change that `judgeDirectly` leaves open. Throws a `RegistryError` if a source cannot be read, or a
 * destination gives no usable answer: the change may be allowed.
 */
export async function judgeByContent(
  event: RegistryEvent,
  judgement: Judgement,
  signal: AbortSignal,
): Promise<Verdict> {
  const { images, extra } = judgement;
  const { repository, tag } = event;
  const lists = [images.in(repository), extra.get(repository)].filter((list) => list !== undefined);
  if (!images.isDestination(repository) && !extra.has(repository)) {
    return reject(event, judgement, {
      cause: 'unknown-repository',
      text: `could not find matching source registry for ${referenceOf(event)}`,
      why: 'the repository is below no destination of the manifests',
    });
  }
  const digest = event.lacksDigest ? await resolveTag(event, judgement, signal) : event.digest;
  if (digest === '' && lists.some((list) => isAllowed(list, { digest, tag })))
    throw new Error(
      `tag ${JSON.stringify(tag)} is not in the registry: it has been deleted, or may not be read`,
    );
  if (digest === '') return rejectTag(event, judgement);
  if (event.lacksDigest && lists.some((list) => isAllowed(list, { digest, tag })))
    return verify(event, judgement, '');
  const search = { digest, lists, repository };
  const owner = await findOwner(tag, search, judgement, signal);
  if (owner !== undefined) return verify(event, judgement, owner);
  return reject(event, judgement, explain(event, search));
}

/** Whether the manifests allow a change by themselves. A change without a digest is allowed by its tag alone. */
function isAllowed(
  allowed: AllowedDigests | undefined,
  { digest, tag }: Pick<RegistryEvent, 'digest' | 'tag'>,
): boolean {
  if (allowed === undefined) return false;
  if (digest !== '') {
    const entry = allowed.get(digest);
    return entry !== undefined && (tag === '' || entry.tags.has(tag));
  }
  for (const { tags } of allowed.values()) if (tags.has(tag)) return true;
  return false;
}

interface Search {
  readonly digest: string;
  readonly lists: readonly AllowedDigests[];
  readonly repository: string;
}

/** The allowed image that explains a digest, in words; undefined where none does. */
async function findOwner(
  tag: string,
  search: Search,
  judgement: Judgement,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (tag !== '') {
    const subject = subjectOfTag(tag);
    const isKnown =
      subject !== undefined && (await belongs({ ...search, digest: subject }, judgement, signal));
    return isKnown ? ` (artifact of ${subject})` : undefined;
  }
  const parent = await findParent(search, judgement, signal);
  if (parent !== undefined) return ` (parent digest ${parent})`;
  const subject = await readSubject(search, judgement, signal);
  const isKnown = subject !== undefined && (await belongs({ ...search, digest: subject }, judgement, signal));
  return isKnown ? ` (artifact of ${subject})` : undefined;
}

async function belongs(search: Search, judgement: Judgement, signal: AbortSignal): Promise<boolean> {
  if (search.lists.some((list) => list.has(search.digest))) return true;
  return (await findParent(search, judgement, signal)) !== undefined;
}

async function findParent(
  { digest, lists, repository }: Search,
  { children }: Judgement,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const allowed of lists) {
    // oxlint-disable-next-line no-await-in-loop -- a second list is searched only where the first has no parent
    const parent = await children.parentOf(digest, { repository, allowed }, signal);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

/** The subject of the manifest that was written, read where it was written. */
async function readSubject(
  { digest, repository }: Search,
  { registry }: Judgement,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [place, name] = [parseRepository(repository), parseDigest(digest)];
  if (place === undefined || name === undefined) return undefined;
  const manifest = await orUnreached(registry.fetchManifest(place, name, signal));
  return manifest === undefined ? undefined : parseSubject(manifest);
}

/** The digest behind a tag whose notification has none; empty where it no longer exists. */
async function resolveTag(
  event: RegistryEvent,
  { registry }: Judgement,
  signal: AbortSignal,
): Promise<string> {
  const [place, tag] = [parseRepository(event.repository), parseTag(event.tag)];
  if (place === undefined || tag === undefined) return '';
  return (await registry.resolve(place, tag, signal)) ?? '';
}

interface Refusal {
  readonly cause: RejectionCause;
  readonly why: string;
  /** Default: the change and `why`. */
  readonly text?: string;
}

function explain(event: RegistryEvent, { digest, lists }: Search): Refusal {
  const text = `${formatPayload(event)}: could not validate`;
  const { tag } = event;
  if (tag === '') return { cause: 'digest', why: 'no manifest leads to the digest', text };
  for (const list of lists) {
    for (const [wanted, { tags }] of list)
      if (tags.has(tag)) return { cause: 'tag', why: `the manifests want tag ${tag} on ${wanted}`, text };
  }
  return lists.some((list) => list.has(digest))
    ? { cause: 'tag', why: `the digest is allowed, tag ${JSON.stringify(tag)} is not`, text }
    : { cause: 'digest', why: `no manifest allows tag ${JSON.stringify(tag)} or the digest`, text };
}

/** A tag without a digest, as the original has it: its children cannot be looked for. */
function rejectTag(event: RegistryEvent, judgement: Judgement): Verdict {
  return reject(event, judgement, {
    cause: 'tag',
    why: `no manifest allows tag ${JSON.stringify(event.tag)}`,
    text: 'digest missing from payload --- cannot check parent digest: ',
  });
}

function referenceOf({ repository, digest }: RegistryEvent): string {
  return digest === '' ? '' : `${repository}@${digest}`;
}

function verify(event: RegistryEvent, { commit }: Judgement, owner: string): Verdict {
  const reason = `agrees with manifest${owner}`;
  const { repository } = event;
  return { kind: 'verified', repository, reason, text: `${formatPayload(event)}: ${reason}`, commit };
}

function ignore(event: RegistryEvent, { commit }: Judgement): Verdict {
  const reason = 'a source registry, which no manifest limits';
  const { repository } = event;
  return { kind: 'ignored', repository, reason, text: `${formatPayload(event)}: ${reason}`, commit };
}

function reject(event: RegistryEvent, { commit }: Judgement, { cause, why, text }: Refusal): Verdict {
  const { repository } = event;
  const said = text ?? `${formatPayload(event)}: ${why}`;
  return { kind: 'rejected', repository, cause, reason: why, text: said, commit };
}
