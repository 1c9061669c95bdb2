/** Token services that are known to belong to a registry of another name. */
const PAIRS: Readonly<Record<string, string>> = {
  'registry.gitlab.com': 'gitlab.com',
};

/** Pairs `registry=token service`, hosts with their ports, that a user trusts. */
export type TrustedRealms = ReadonlySet<string>;

/**
 * True when credentials for a registry may be sent to this token service: never from https down to http, and only to
 * the same host, a host of the same parent domain, a known pair, or one that the user trusts. A registry names its
 * realm itself, so a hostile one would otherwise collect them.
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
 * True when a token service belongs to this registry alone, as far as names tell, or the user trusts the pair: its
 * tokens open no other registry, whatever this one has them asked for.
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
 * The name without its first label, where that still has two labels: `auth.example.com` and `registry.example.com`
 * share one, `a.com` and `b.com` do not. Public suffixes of two labels (`co.uk`) are not known here, so three labels
 * are asked for below short country-code names.
 */
function parentDomain(hostname: string): string | undefined {
  if (/^[\d.]+$|:/.test(hostname)) return undefined; // an address has no parent
  const labels = hostname.split('.');
  const parent = labels.slice(1);
  const looksPublic = parent.length === 2 && parent.every((label) => label.length <= 3);
  return parent.length >= 2 && !looksPublic ? parent.join('.') : undefined;
}
