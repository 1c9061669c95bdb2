import { CodedError } from '../../base/errors.ts';

/**
 * Why a Google identity that is configured cannot be had. Never holds a secret, and has no `cause`: what the library
 * throws holds requests and answers with tokens in them.
 */
export class GoogleError extends CodedError<
  /** A file of `-key-files` is missing, or is not the key of a service account. */
  | 'key-file'
  /** The file of the application default credentials is missing or not one. */
  | 'credentials-file'
  /** What a manifest calls a service account is not one. */
  | 'account-name'
  /** There is nothing to begin with. */
  | 'no-credentials'
  /** Google knows who asks, and says no. */
  | 'denied'
  /** Google does not take what was sent. */
  | 'refused'
  /** No answer, or none that can be used; a later attempt may succeed. */
  | 'unavailable'
  /** gcloud has failed. */
  | 'gcloud'
> {}
