import { CodedError, messageOf } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import { oneLine } from '../../base/text.ts';

/**
 * The reason why a configured Google identity is not available. Without secrets and without a `cause`: errors of the
 * library hold requests and responses with tokens.
 */
export class GoogleError extends CodedError<
  /** A file of `-key-files` is missing, or is not the key of a service account. */
  | 'key-file'
  /** The file of the application default credentials is missing or not one. */
  | 'credentials-file'
  /** The service account of a manifest is not an email address. */
  | 'account-name'
  /** There are no credentials at all. */
  | 'no-credentials'
  /** The identity lacks a permission (401, 403). */
  | 'denied'
  /** Google refused the request (other 4xx). */
  | 'refused'
  /** No usable answer; a later attempt may succeed. */
  | 'unavailable'
  /** gcloud has failed. */
  | 'gcloud'
> {}

const MAX_CHARACTERS = 500;

/** The error of the library as an error that begins with `subject` and quotes no secret. */
export function explainFailure(error: unknown, subject: string, secrets: readonly string[]): GoogleError {
  if (error instanceof GoogleError) return error;
  const status = statusOf(error);
  const words = error instanceof SyntaxError ? 'not valid JSON' : messageOf(error); // its own words quote the text
  const message = redact(
    words.replace(/^(?:unable to impersonate: |Error: |[A-Z_]+: unable to impersonate: )+/, ''),
    secrets,
  );
  const number = status === undefined ? '' : `${status}: `;
  return new GoogleError(codeOf(status), `${subject}: ${number}${oneLine(message, MAX_CHARACTERS)}`);
}

/** The HTTP status in an error of the library, or undefined. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('status' in error && typeof error.status === 'number') return error.status;
  const response = 'response' in error ? error.response : undefined;
  return isObject(response) && typeof response['status'] === 'number' ? response['status'] : undefined;
}

/** Google's tokens and JWTs by their beginning, and long runs of random characters. */
const TOKEN_LIKE = /\b(?:ya29\.|eyJ|1\/\/|GOCSPX-)[\w.~+/=-]*|[\w+=-]{40,}/g;

/** A text without these secrets, and without other text like them. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((secret) => secret !== '');
  return known.reduce((rest, secret) => rest.replaceAll(secret, '…'), text).replace(TOKEN_LIKE, '…');
}

function codeOf(status: number | undefined): 'denied' | 'refused' | 'unavailable' {
  if (status === undefined || status >= 500 || status === 408 || status === 429) return 'unavailable';
  return status === 401 || status === 403 ? 'denied' : 'refused';
}
