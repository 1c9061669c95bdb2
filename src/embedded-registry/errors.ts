import { CodedError } from '../base/errors.ts';
import { jsonReply, type Reply } from './reply.ts';

/**
 * The error codes of the distribution spec, and those of Docker's registry that clients still know.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export type OciErrorCode = keyof typeof STATUS;

const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 404,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  RANGE_INVALID: 416,
  SIZE_INVALID: 413,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
} as const;

interface RefusalExtras {
  /** Default: the status of the code. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** One error in the body for each; default: one error without a detail. */
  readonly details?: readonly unknown[];
}

/** Ends a handler with an error response of the specification. */
export class Refusal extends CodedError<OciErrorCode> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: readonly unknown[];

  constructor(code: OciErrorCode, message: string, extras: RefusalExtras = {}) {
    super(code, message);
    this.status = extras.status ?? STATUS[code];
    this.headers = extras.headers ?? {};
    this.details = extras.details ?? [undefined];
  }
}

export function refusalReply({ code, message, status, headers, details }: Refusal): Reply {
  return jsonReply({ errors: details.map((detail) => ({ code, message, detail })) }, { status, headers });
}
