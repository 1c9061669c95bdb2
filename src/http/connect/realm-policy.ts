/** Known token services whose domain differs from that of their registry. */
const PAIRS: Readonly<Record<string, string>> = {
  'registry.gitlab.com': 'gitlab.com',
};

/** Pairs `registry=token service`, hosts with their ports, that the user trusts. */
export type TrustedRealms = ReadonlySet<string>;

/**
 * True if credentials for a registry may be sent to this token service: never from https to http, and only to the same
 * host, a host of the same parent domain, a known pair, or a pair that the user trusts. A registry names its realm
 * itself, so a hostile registry could otherwise collect credentials.
 */
export function mayTrustRealm(registryOrigin: string, realm: URL, trusted: TrustedRealms): boolean {
  const registry = new URL(registryOrigin);
  if (registry.protocol === 'https:' && realm.protocol !== 'https:') return false;
  if (realm.protocol !== 'https:' && realm.protocol !== 'http:') return false;
  if (realm.hostname === registry.hostname) return true;
  if (trusted.has(`${registry.host}=${realm.host}`)) return true;
  if (PAIRS[registry.hostname] === realm.hostname) return true;
  return sameParentDomain(registry.hostname, realm.hostname);
}

/**
 * True if a token service belongs to this registry alone, judged by its name, or if the user trusts the pair. Its
 * tokens give access to no other registry, whatever scope this registry requests.
 */
export function isOwnRealm(registryOrigin: string, realm: string, trusted: TrustedRealms): boolean {
  if (!URL.canParse(realm)) return false;
  const registry = new URL(registryOrigin);
  const { host, hostname } = new URL(realm);
  return hostname === registry.hostname || trusted.has(`${registry.host}=${host}`);
}

function sameParentDomain(a: string, b: string): boolean {
  const parent = parentDomain(a);
  return parent !== undefined && parent === parentDomain(b);
}

/**
 * The name without its first label, if that still has two labels: `auth.example.com` and `registry.example.com` share a
 * parent, `a.com` and `b.com` do not. Public suffixes of two labels (`co.uk`) are not known here, so short country-code
 * domains need three labels.
 */
function parentDomain(hostname: string): string | undefined {
  if (/^[\d.]+$|:/.test(hostname)) return undefined; // an address has no parent
  const labels = hostname.split('.');
  const parent = labels.slice(1);
  const looksPublic = parent.length === 2 && parent.every((label) => label.length <= 3);
  return parent.length >= 2 && !looksPublic ? parent.join('.') : undefined;
}
