import { CodedError } from '../../../base/errors.ts';

/**
 * The reason why something could not be signed.
 *
 * - `token`        there is no identity token, or it is no token
 * - `refused`      a service refused the request
 * - `unavailable`  a service gave no answer, or asked for too many retries
 * - `malformed`    a service answered with something else than what it was asked for
 * - `key`          a key cannot be read or used
 * - `command`      the signing command failed
 * - `unsupported`  the log has no entries of the form that the signature needs
 */
export type SigningErrorCode =
  | 'token'
  | 'refused'
  | 'unavailable'
  | 'malformed'
  | 'key'
  | 'command'
  | 'unsupported';

/** The message begins with the service, file or command that failed. It never holds a token or a key. */
export class SigningError extends CodedError<SigningErrorCode> {}
