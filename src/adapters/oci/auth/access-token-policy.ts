import { classifyHostname } from '../../../http/connect/address-policy.ts';
import type { TrustedRealms } from '../../../http/connect/realm-policy.ts';
import { isGoogleHost } from '../../../image/google-hosts.ts';
import type { Identity } from '../../../ports/keychain.ts';
import { RegistryError } from '../../../ports/registry-error.ts';

/**
 * Refuses to send an access token to a registry that has no business with it: such a token opens all that its account
 * may do at Google, and the manifest that binds the account to a registry may be anybody's. It goes to Google's hosts,
 * to hosts that the user trusts by a pair of the registry with itself, and to this machine; in plain http to this
 * machine alone. Throws `unauthorized`.
 */
export function checkAccessToken(
  registry: URL,
  { name, credential }: Identity,
  trusted: TrustedRealms,
): void {
  if (credential.kind !== 'access-token' || isHere(registry)) return;
  refusePlainHttp(registry, { name, credential });
  const { host } = registry;
  if (isGoogleHost(host) || trusted.has(`${host}=${host}`)) return;
  throw new RegistryError(
    'unauthorized',
    `${host}: the token of ${name} is for Google's registries, and this is none, so it is not sent there; ` +
      `if that is right, allow it with -trust-realm=${host}=${host}, else take its service-account out of the manifest`,
  );
}

/** Refuses to send an access token in plain http, unless it stays on this machine. Throws `unauthorized`. */
export function refusePlainHttp(url: URL, { name, credential }: Identity): void {
  if (credential.kind !== 'access-token' || url.protocol === 'https:' || isHere(url)) return;
  throw new RegistryError(
    'unauthorized',
    `${url.host}: the token of ${name} is not sent in plain http, whatever is allowed; expected https`,
  );
}

function isHere({ hostname }: URL): boolean {
  return classifyHostname(hostname) === 'loopback';
}
