import { BlockList, isIP } from 'node:net';

/**
 * The distance of an address from this machine. `forbidden` addresses belong to no registry: link-local addresses,
 * other metadata services of clouds, "this host", multicast.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'forbidden';

/** The nearest class that a connection may have. All farther classes are allowed too. */
export type Nearest = Exclude<AddressClass, 'forbidden'>;

const ORDER: readonly Nearest[] = ['public', 'private', 'loopback'];

/** `anywhere` includes the forbidden addresses, for a metadata service that a credentials file names. */
export type Reach = Nearest | 'anywhere';

export function mayConnect(address: AddressClass, nearest: Reach): boolean {
  if (nearest === 'anywhere') return true;
  return address !== 'forbidden' && ORDER.indexOf(address) <= ORDER.indexOf(nearest);
}

/** The farther of two classes: a registry that was reached at a public address once counts as public. */
export function fartherOf(a: Nearest, b: Nearest): Nearest {
  return ORDER.indexOf(a) < ORDER.indexOf(b) ? a : b;
}

/**
 * The class of an IPv4 or IPv6 address in the notation of sockets. An IPv6 address that embeds an IPv4 address (mapped,
 * translated, 6to4) has the class of the IPv4 address. Any other text is `forbidden`.
 */
export function classifyAddress(address: string): AddressClass {
  const [bare = ''] = address.split('%', 1); // without the zone of a link-local address
  const family = isIP(bare);
  if (family === 0) return 'forbidden';
  const inner = family === 6 ? embeddedIpv4(groupsOf(bare)) : undefined;
  return inner === undefined ? classOfRange(bare, family === 4 ? 'ipv4' : 'ipv6') : classifyAddress(inner);
}

/**
 * The class of a URL's host, without a DNS lookup: of an address, of `localhost`, and of the names of metadata
 * services. Undefined for any other name.
 */
export function classifyHostname(hostname: string): AddressClass | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) return classifyAddress(bare);
  const name = bare.toLowerCase().replace(/\.$/, '');
  if (METADATA_NAMES.has(name)) return 'forbidden';
  return name === 'localhost' || name.endsWith('.localhost') ? 'loopback' : undefined;
}

/** A proxy would resolve these names, and its addresses cannot be checked here. */
const METADATA_NAMES = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** The first class that has a range with the address. @see https://www.iana.org/assignments/iana-ipv4-special-registry */
const RANGES: readonly (readonly [AddressClass, BlockList])[] = [
  [
    'forbidden',
    rangesOf(
      '0.0.0.0/8', // "this host": linux connects it to loopback
      '169.254.0.0/16', // link-local: metadata of AWS, Google, Azure and most others
      '100.100.100.200/32', // metadata of Alibaba Cloud
      '168.63.129.16/32', // Azure's wire server
      '192.0.0.192/32', // metadata of Oracle Cloud
      '224.0.0.0/4',
      '255.255.255.255/32',
      '::/128',
      'fe80::/10',
      'fd00:ec2::/32', // metadata of AWS
      'fd20:ce::254/128', // metadata of Google Cloud
      'ff00::/8',
      '2001::/32', // Teredo: an IPv4 address in disguise
    ),
  ],
  ['loopback', rangesOf('127.0.0.0/8', '::1/128')],
  [
    'private',
    rangesOf(
      '10.0.0.0/8',
      '172.16.0.0/12',
      '192.168.0.0/16',
      '100.64.0.0/10', // behind a carrier's NAT
      '192.0.0.0/24',
      '198.18.0.0/15',
      '240.0.0.0/4', // clusters use it as one more private range
      'fc00::/7',
      'fec0::/10',
      '64:ff9b:1::/48', // translation within a site
    ),
  ],
];

function rangesOf(...ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list;
}

function classOfRange(address: string, family: 'ipv4' | 'ipv6'): AddressClass {
  return RANGES.find(([, list]) => list.check(address, family))?.[0] ?? 'public';
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1); // no dotted part any more
  const [head = '', tail = ''] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

/** The 96 bits before an embedded IPv4 address: mapped, translated (RFC 2765), NAT64, and the old compatible form. */
const IPV4_PREFIXES = ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '64:ff9b:0:0:0:0', '0:0:0:0:0:0'];

function embeddedIpv4(groups: readonly number[]): string | undefined {
  const prefix = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  const [high = 0, low = 0] = groups[0] === 0x2002 ? groups.slice(1) : groups.slice(6);
  const isBare = groups.slice(0, 7).every((group) => group === 0) && low <= 1; // :: and ::1 are themselves
  if (isBare || (groups[0] !== 0x2002 && !IPV4_PREFIXES.includes(prefix))) return undefined;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** True for a URL that tokens may be sent to: of https, or of a loopback host. It has no user and no query. */
export function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, search } = new URL(text);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && classifyHostname(hostname) === 'loopback');
  return isSafe && username === '' && search === '';
}
