import { z } from 'zod';
import { eventsOf, formatFields, type ParsedMessage, splitReference } from './registry-event.ts';

/** @see https://cloud.google.com/artifact-registry/docs/configure-notifications */
const Payload = z.object({
  action: z.string().default(''),
  /** `host/path@sha256:…`. */
  digest: z.string().default(''),
  /** `host/path:tag`. */
  tag: z.string().default(''),
});

/**
 * The change that Container Registry and Artifact Registry publish to the topic `gcr`. The refusals are those of the
 * original auditor, in its order and its words.
 */
export function parseGooglePayload(document: unknown): ParsedMessage {
  const parsed = Payload.safeParse(withSmallKeys(document));
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'document');
    return malformed(`parse failure: json.Unmarshal (message data): ${field} is not a string`, '');
  }
  const { action, digest: fqin, tag: pqin } = parsed.data;
  const byDigest = splitReference(fqin);
  const byTag = splitReference(pqin);
  const repository = pqin === '' ? byDigest.repository : byTag.repository;
  const { digest } = byDigest;
  const { tag } = byTag;
  const refuse = (reason: string, cause: 'malformed' | 'deletion' = 'malformed'): ParsedMessage => ({
    kind: 'invalid',
    cause,
    reason: `validation failure: ${reason}`,
    repository,
  });
  const payload = formatFields({
    Action: action,
    FQIN: fqin,
    PQIN: pqin,
    Path: repository,
    Digest: digest,
    Tag: tag,
  });
  if (fqin === '' && pqin === '') return refuse(`${payload}: neither 'digest' nor 'tag' was specified`);
  if (fqin !== '' && (digest === '' || byDigest.repository.includes('@')))
    return refuse(`invalid FQIN: ${fqin}`);
  if (pqin !== '' && (tag === '' || byTag.digest !== '')) return refuse(`invalid PQIN: ${pqin}`);
  if (fqin !== '' && pqin !== '' && byDigest.repository !== repository)
    return refuse(`${payload}: 'digest' and 'tag' are of different repositories`);
  if (action === '') return refuse(`${payload}: Action not specified`);
  if (action === 'DELETE') return refuse(`${payload}: deletions are prohibited`, 'deletion');
  if (action !== 'INSERT') return refuse(`${payload}: unknown action ${JSON.stringify(action)}`);
  return eventsOf({ action: 'insert', repository, digest, tag, isWholeRegistry: false });
}

/** Go matches keys in any case; the exact spelling wins. */
function withSmallKeys(document: unknown): unknown {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return document;
  const entries = Object.entries(document).toReversed();
  const small = entries.map(([key, value]) => [key.toLowerCase(), value] as const);
  const exact = entries.filter(([key]) => key === key.toLowerCase());
  return Object.fromEntries([...small, ...exact]);
}

function malformed(reason: string, repository: string): ParsedMessage {
  return { kind: 'invalid', cause: 'malformed', reason, repository };
}
