import { classifyHostname } from '../../../http/connect/address-policy.ts';
import type { TrustedRealms } from '../../../http/connect/realm-policy.ts';
import { isGoogleHost } from '../../../image/google-hosts.ts';
import type { Identity } from '../../../ports/keychain.ts';
import { RegistryError } from '../../../ports/registry-error.ts';

/**
 * Refuses to send an access token to an untrusted registry. The token grants all rights of its account at Google, and a
 * manifest from anywhere may bind the account to a registry. Trusted are Google's hosts, loopback, and hosts that the
 * user has paired with themselves; over plain http loopback only. Throws `unauthorized`.
 */
export function checkAccessToken(
  registry: URL,
  { name, credential }: Identity,
  trusted: TrustedRealms,
): void {
  if (credential.kind !== 'access-token' || isLoopback(registry)) return;
  refusePlainHttp(registry, { name, credential });
  const { host } = registry;
  if (isGoogleHost(host) || trusted.has(`${host}=${host}`)) return;
  throw credentialsNotSent(
    host,
    `the token of ${name} is sent only to Google's registries; ` +
      `allow this host with -trust-realm=${host}=${host}, or remove the service-account from the manifest`,
  );
}

/** Refuses to send an access token over plain http, except to loopback. Throws `unauthorized`. */
export function refusePlainHttp(url: URL, { name, credential }: Identity): void {
  if (credential.kind !== 'access-token' || url.protocol === 'https:' || isLoopback(url)) return;
  throw credentialsNotSent(
    url.host,
    `the token of ${name} is not sent over plain http, even with -plain-http; expected https`,
  );
}

/** The error of credentials that the settings do not allow to be sent. */
export function credentialsNotSent(host: string, message: string): RegistryError {
  const fault = { kind: 'configuration', host, message } as const;
  return new RegistryError('unauthorized', `${host}: ${message}`, { fault });
}

function isLoopback({ hostname }: URL): boolean {
  return classifyHostname(hostname) === 'loopback';
}
