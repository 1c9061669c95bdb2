import { messageOf } from '../base/errors.ts';
import { oneLine } from '../base/text.ts';
import { RegistryError } from '../ports/registry-error.ts';
import { AddressError } from './connect/address-error.ts';
import { TlsFileError } from './connect/tls-files.ts';
import { ExchangeError } from './http1/exchange-error.ts';
import { describeRequest, type HttpRequest } from './request.ts';

/** The error of a request without a response, with advice; `registry` is the origin of the request's own registry. */
export function asConnectionError(request: HttpRequest, thrown: unknown, registry: string): RegistryError {
  const error = firstOf(thrown);
  const asked = describeRequest(request);
  if (error instanceof RegistryError) return error.message.startsWith(asked) ? error : named(request, error);
  const isPlain = error instanceof ExchangeError; // its message needs no code
  const code = codeOf(error);
  const isFinal = error instanceof AddressError || error instanceof TlsFileError;
  const temporary = isPlain ? error.temporary : !isFinal && code !== undefined && !isLasting(code);
  const why =
    code === undefined || isFinal || isPlain ? messageOf(error) : `${code}: ${reasonOf(error, code)}`;
  const message = `${oneLine(why, MAX_REASON)}${hintFor(request, { code, registry })}`;
  const fault = { kind: isFinal ? 'configuration' : 'unreachable', host: request.host, message } as const;
  return new RegistryError('unreachable', `${asked}: ${message}`, { temporary, cause: error, fault });
}

const MAX_REASON = 500;

/** The reason why a proxy at `host` cannot be connected to, with advice; `temporary` is false if a retry would meet it again. */
export function proxyFault(thrown: unknown, host: string): { why: string; temporary: boolean } {
  const error = firstOf(thrown);
  const code = codeOf(error) ?? '';
  const hint = UNTRUSTED.has(code) ? trustHint(host) : '';
  return { why: `${reasonOf(error, code)}${hint}`, temporary: !isLasting(code) };
}

/** If every address of a host was tried, node reports all of their errors, which are nearly equal. */
function firstOf(thrown: unknown): unknown {
  return thrown instanceof AggregateError && thrown.errors.length > 0 ? thrown.errors[0] : thrown;
}

/** A failure that another request caused keeps the status of that request's response. */
function named(request: HttpRequest, error: RegistryError): RegistryError {
  const { code, message, temporary, cause, status, retryAfterMs } = error;
  const own = code === 'unreachable' ? ({ kind: code, host: request.host, message } as const) : undefined;
  return new RegistryError(code, `${describeRequest(request)}: ${message}`, {
    temporary,
    cause,
    fault: error.fault ?? own,
    ...(status !== undefined && { status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** OpenSSL's messages name its source files, so its reason is used instead. */
function reasonOf(error: unknown, code: string): string {
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string') return error.reason;
  const message = messageOf(error);
  // newer versions of Node append advice about flags of their own, which cip does not take
  return UNTRUSTED.has(code) ? message.replace(/; .*/s, '') : message;
}

/** True for failures that a retry would meet again. */
function isLasting(code: string): boolean {
  return LASTING.has(code) || UNTRUSTED.has(code) || /^ERR_(?:TLS|SSL)/.test(code);
}

const LASTING = new Set([
  'EPROTO',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
]);

/** Codes of certificates from an unknown authority. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Codes of TLS handshakes with servers that do not speak TLS. */
const NOT_TLS = /^(?:EPROTO|ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST))$/;
const NO_CLIENT_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN)$/;

function trustHint(host: string): string {
  return `; if its certificate is right, trust its authority with -ca-file FILE or certs.d/${host}/ca.crt`;
}

function hintFor(
  { url, host }: HttpRequest,
  { code = '', registry }: { readonly code: string | undefined; readonly registry: string },
): string {
  const isOwn = url.origin === registry;
  if (UNTRUSTED.has(code)) return trustHint(url.host);
  if (code === 'EMFILE') return '; allow more open files (ulimit -n), or lower -threads';
  if (NOT_TLS.test(code) && isOwn) return `; if ${host} speaks plain http, say so with -plain-http ${host}`;
  if (NO_CLIENT_CERTIFICATE.test(code) && isOwn) {
    return `; if the host requires a client certificate, put client.cert and client.key in certs.d/${url.host}`;
  }
  if (code === 'too-near') {
    return `; if that is right, allow it with -trust-realm=${new URL(registry).host}=${url.host}`;
  }
  return '';
}
