/**
 * The kinds of failures that concern a host, not a single image.
 *
 * - `unreachable`   no connection, or no response
 * - `unavailable`   429 or 5xx after every retry
 * - `credentials`   no credentials, or rejected ones
 * - `right`         the identity lacks a right
 * - `configuration` credentials cannot be read on this machine, or its settings forbid the request
 */
export const HOST_FAULTS = ['unreachable', 'unavailable', 'credentials', 'right', 'configuration'] as const;

/** The fields of a fault that a refused identity decides. */
export type IdentityFault = Pick<HostFault, 'kind' | 'identity' | 'remedy'>;

/** A failure that other requests to the host share. */
export interface HostFault {
  readonly kind: (typeof HOST_FAULTS)[number];
  readonly host: string;
  /** The refused identity. Unset: none was refused. */
  readonly identity?: string;
  /** The error without the method and URL of its request. */
  readonly message: string;
  /** The login command of `credentials`, or the missing right or role of `right`. Unset: unknown. */
  readonly remedy?: string;
}
