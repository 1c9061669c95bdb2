import type { Attachment } from '../../attachments/attachment.ts';
import { matchesGlob } from '../../base/text.ts';
import type { Digest } from '../../image/digest.ts';

/**
 * The attachments that a promotion carries along.
 *
 * - `all`        everything
 * - `signatures` signatures and attestations
 * - `accepted`   of these, only those that were verified and accepted
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
  /** Of mode `accepted`: true for the manifest of an attachment that verification accepted. Unset: none is. */
  readonly isAccepted?: (attachment: Digest) => boolean;
}

/** Sigstore bundles, cosign's layers and artifacts, Notation signatures, and in-toto attestations with or without DSSE. */
const SIGNATURE_TYPE =
  /^application\/vnd\.(?:dev\.sigstore\.bundle|dev\.cosign(?:project)?\.|dsse\.envelope|in-toto|cncf\.notary\.signature)/i;

/** True for an attachment to carry; `undefined` if only its manifest tells its type. */
export function isSelected(
  { manifest, artifactType, place }: Attachment,
  { mode, types, isAccepted = () => false }: CarrySelection,
): boolean | undefined {
  if (mode === 'accepted' && !isAccepted(manifest.digest)) return false;
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
