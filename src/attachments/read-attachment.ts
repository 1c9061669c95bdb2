import type { Digest } from '../image/digest.ts';
import { isWellFormed, parseSubject, type RawManifest } from '../image/oci-manifest.ts';
import type { Repository } from '../image/repository.ts';
import type { ReadRegistry } from '../ports/registry.ts';
import { RegistryError } from '../ports/registry-error.ts';
import type { Attachment } from './attachment.ts';

/** The manifest of an attachment, or the reason to ignore it. */
export type ReadAttachment = { readonly manifest: RawManifest } | { readonly ignored: string };

export interface AttachmentAt {
  readonly repository: Repository;
  readonly subject: Digest;
  readonly attachment: Attachment;
}

/**
 * Reads an attachment and checks that it belongs to its subject: a referrer names it, and a manifest of cosign's tags
 * names no other. Throws a `RegistryError` if the registry fails.
 */
export async function readAttachment(
  registry: Pick<ReadRegistry, 'fetchManifest'>,
  { repository, subject, attachment }: AttachmentAt,
  signal: AbortSignal,
): Promise<ReadAttachment> {
  const {
    manifest: { digest },
    content,
    place,
  } = attachment; // prettier-ignore
  const read = content ?? (await readOrBroken(registry.fetchManifest(repository, digest, signal)));
  if (read === undefined) return { ignored: 'it is listed, but does not exist' };
  if ('ignored' in read) return read;
  if (!isWellFormed(read)) return { ignored: 'it is malformed' };
  const named = parseSubject(read);
  if (named === undefined && place.kind === 'tag') return { manifest: read };
  if (named === subject) return { manifest: read };
  return { ignored: named === undefined ? 'it names no subject' : `its subject is another digest, ${named}` };
}

/** The result of a read, or why its content is broken. Other failures of the registry are thrown. */
export async function readOrBroken<T>(reading: Promise<T>): Promise<T | { readonly ignored: string }> {
  try {
    return await reading;
  } catch (error) {
    if (!isBroken(error)) throw error;
    return { ignored: `it cannot be used: ${error.message}` };
  }
}

/** Bytes of another digest, or more than a manifest may have: an error of the content, not of its host. */
function isBroken(error: unknown): error is RegistryError {
  if (!(error instanceof RegistryError)) return false;
  return error.code === 'mismatch' || (error.code === 'unexpected' && error.fault === undefined);
}
