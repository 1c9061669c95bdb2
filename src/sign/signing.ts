import type { HostFault } from '../base/host-fault.ts';
import type { Digest } from '../image/digest.ts';
import type { RegistryName, Repository } from '../image/repository.ts';

/**
 * The digests that a signature covers.
 *
 * - `joint` an index and its children: one statement, one entry of the log
 * - `each`  an index and its children: one statement for each
 * - `none`  the digest of the manifests alone
 */
export const RECURSIONS = ['joint', 'each', 'none'] as const;
export type Recursion = (typeof RECURSIONS)[number];

/** The images that a run examines: all that its manifests want, or those that it has written. */
export const SIGN_SCOPES = ['all', 'written'] as const;
export type SignScope = (typeof SIGN_SCOPES)[number];

/** What is signed, and where it is stored. */
export interface SigningPolicy {
  readonly recursion: Recursion;
  readonly scope: SignScope;
  /** Whether cosign's tag `.sig` is written beside the bundle. */
  readonly legacy: boolean;
  /** Whether promotions are attested. */
  readonly attest: boolean;
  /** Registries whose repositories get signatures. Empty: every destination. */
  readonly canonical: readonly RegistryName[];
  /** Public names of destinations; the longest registry that matches counts. */
  readonly names: readonly PublicName[];
  /** Images that are examined and signed at a time. */
  readonly workers: number;
  /** Whether the children of an index are examined although the index itself is signed. Default: they are not. */
  readonly thorough?: boolean;
}

/** The name that users pull the repositories of a registry by. */
export interface PublicName {
  readonly registry: RegistryName;
  readonly name: RegistryName;
}

/** The state of one image at one destination, or what became of it. */
export const SIGNING_OUTCOMES = ['present', 'signed', 'unsigned', 'failed', 'not-attempted'] as const;
export type SigningOutcome = (typeof SIGNING_OUTCOMES)[number];

/** One digest at one destination. */
export interface SignedPlace {
  readonly repository: Repository;
  readonly digest: Digest;
  /**
   * - `present`       everything was there
   * - `signed`        the missing part was stored
   * - `unsigned`      something is missing, and the run writes nothing
   * - `failed`        something is missing, or the destination could not be examined
   * - `not-attempted` the run was stopped first
   */
  readonly outcome: SigningOutcome;
  /** What was missing, by its kind, sorted. */
  readonly missing: readonly MissingPart[];
  /** Why it failed or was not attempted; empty otherwise. */
  readonly reason: string;
  readonly fault?: HostFault | undefined;
}

export const MISSING_PARTS = ['attestation', 'signature', 'signature-tag', 'summary'] as const;
export type MissingPart = (typeof MISSING_PARTS)[number];

/** The result of the stage. */
export interface Signing {
  /** Sorted by repository and digest. */
  readonly places: readonly SignedPlace[];
  /** Signatures that were made: entries of the transparency log, where the signer has one. */
  readonly made: number;
}
