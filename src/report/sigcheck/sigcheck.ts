import { MISSING_PARTS } from '../../sign/signing.ts';
import type { AttachmentCounts, Envelope, EnvelopeHost, EnvelopeItem } from '../envelope.ts';

/**
 * The closed union of results for one digest at one destination.
 *
 * - `signed`         everything expected is there, verified
 * - `repaired`       something was missing until this run stored it
 * - `unsigned`       there is no signature
 * - `partial`        some signatures are there: those of children, of the index or of one form are missing
 * - `unattested`     signed, without an attestation of its promotion
 * - `other-identity` signed by others only
 * - `refused`        no signature is valid
 * - `uncarried`      signed, without attachments that the source has
 * - `unreadable`     the registry did not answer, refused to, or lacks the image
 * - `not-checked`    the run was stopped first
 */
export const SIGCHECK_DECISIONS = [
  'signed',
  'repaired',
  'unsigned',
  'partial',
  'unattested',
  'other-identity',
  'refused',
  'uncarried',
  'unreadable',
  'not-checked',
] as const;
export type SigcheckDecision = (typeof SIGCHECK_DECISIONS)[number];

/** The parts that an image may lack; `attachments` are those of its source. */
export const SIGCHECK_PARTS = [...MISSING_PARTS, 'attachments'] as const;
export type SigcheckPart = (typeof SIGCHECK_PARTS)[number];

/** The report of `cip sigcheck`. */
export interface SignatureCheck extends Envelope {
  readonly version: 1;
  readonly mode: 'sigcheck';
  /** Whether the run repairs. */
  readonly confirmed: boolean;
  /** Unset: the attachments of sources were not compared, or there is nothing to tell of them. */
  readonly attachments?: AttachmentCounts;
  /** `edges` counts digests at destinations, `made` the signatures that the run made. */
  readonly summary: Readonly<Record<'edges' | SigcheckDecision | 'invalid' | 'made', number>>;
  /** Sorted by destination, `repository@digest`. */
  readonly items: readonly SigcheckItem[];
  /** By host, sorted. */
  readonly hosts: Readonly<Record<string, SigcheckedHost>>;
}

export interface SigcheckItem extends EnvelopeItem {
  readonly decision: SigcheckDecision | 'invalid';
  /** The parts that are missing; before the repair, where there was one. */
  readonly missing: readonly SigcheckPart[];
}

export interface SigcheckedHost extends EnvelopeHost {
  readonly edges: Readonly<Record<SigcheckDecision, number>>;
}
