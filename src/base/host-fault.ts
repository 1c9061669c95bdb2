/**
 * The kinds of failures that concern a host, not one of its images.
 *
 * - `unreachable`   no connection, or no answer
 * - `unavailable`   429 or 5xx after every retry
 * - `credentials`   no credentials, or rejected ones
 * - `right`         the identity lacks a right
 * - `configuration` credentials could not be read on this machine, or the settings do not allow the connection
 */
export const HOST_FAULTS = ['unreachable', 'unavailable', 'credentials', 'right', 'configuration'] as const;

/** The part of a fault that the refused identity tells. */
export type IdentityFault = Pick<HostFault, 'kind' | 'identity' | 'remedy'>;

/** A failure that the other requests to the host meet as well. */
export interface HostFault {
  readonly kind: (typeof HOST_FAULTS)[number];
  readonly host: string;
  /** The identity that the host refused. Unset: none was refused. */
  readonly identity?: string;
  /** The error, without its request. */
  readonly message: string;
  /** Of `credentials` the login, of `right` the missing right or role. Unset: not known. */
  readonly remedy?: string;
}
