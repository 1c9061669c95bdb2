import type { Attachment } from '../../attachments/attachment.ts';
import { matchesGlob } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';
import type { Repository } from '../../image/repository.ts';
import type { ReadRegistry } from '../../ports/registry.ts';
import type { Unreadable } from '../../ports/unreadable.ts';

/**
 * The attachments that are copied with their image.
 *
 * - `all`        all attachments
 * - `signatures` signatures and attestations
 * - `accepted`   signatures and attestations that verification accepts
 */
export type CarryMode = 'all' | 'signatures' | 'accepted';

/** The images whose attachments are copied: those that the run writes, or those that are present as well. */
export const CARRY_SCOPES = ['written', 'all'] as const;
export type CarryScope = (typeof CARRY_SCOPES)[number];

export interface CarrySelection {
  readonly mode: CarryMode;
  /** Default: `written`. A run that is limited to changes has the scope `all`. */
  readonly scope?: CarryScope;
  /** Globs of artifact types, in any case. Empty: every type. */
  readonly types: readonly string[];
  /** Of mode `accepted`: the attachments that verification accepts. Unset: none. */
  readonly accepted?: Acceptance | undefined;
}

/** The verification of the attachments of an image, of its children, and of those attachments. */
export interface Acceptance {
  /** The accepted manifests among the attachments of `subject`, or why they are not known. */
  at(
    subject: { readonly repository: Repository; readonly image: Digest; readonly subject: Digest },
    reading: { readonly source: ReadRegistry; readonly signal: AbortSignal },
  ): Promise<ReadonlySet<Digest> | Unreadable>;
}

/** Sigstore bundles, cosign's layers and artifacts, Notation signatures, and in-toto attestations with or without DSSE. */
const SIGNATURE_TYPE =
  /^application\/vnd\.(?:dev\.sigstore\.bundle|dev\.cosign(?:project)?\.|dsse\.envelope|in-toto|cncf\.notary\.signature)/i;

/** True for an attachment of a wanted type; `undefined` if only its manifest has the type. */
export function isSelected(
  { artifactType, place }: Attachment,
  { mode, types }: CarrySelection,
): boolean | undefined {
  const isSignatureTag = place.kind === 'tag' && place.suffix !== 'sbom';
  if (mode !== 'all' && !isSignatureTag) {
    if (artifactType === '') return undefined;
    if (!SIGNATURE_TYPE.test(artifactType)) return false;
  }
  if (types.length === 0) return true;
  return artifactType === '' ? undefined : types.some((glob) => matchesType(glob, artifactType));
}

function matchesType(glob: string, type: string): boolean {
  return matchesGlob(glob.toLowerCase(), type.toLowerCase());
}
