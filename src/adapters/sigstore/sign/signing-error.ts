import { CodedError } from '../../../base/errors.ts';

/**
 * The reason why something could not be signed.
 *
 * - `token`        the identity token is missing or malformed
 * - `refused`      a service refused the request
 * - `unavailable`  a service did not respond, or asked for too many retries
 * - `malformed`    the response of a service is malformed or does not match the request
 * - `key`          a key cannot be read or used
 * - `command`      the signing command failed
 * - `unsupported`  the log has no entries of the form that the signature needs
 * - `logged`       the log has the signature, and its entry cannot be read
 */
export type SigningErrorCode =
  | 'token'
  | 'refused'
  | 'unavailable'
  | 'malformed'
  | 'key'
  | 'command'
  | 'unsupported'
  | 'logged';

/** The message begins with the service, file or command that failed. It never holds a token or a key. */
export class SigningError extends CodedError<SigningErrorCode> {}
