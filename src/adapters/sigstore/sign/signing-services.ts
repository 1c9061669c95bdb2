import { isObject, parseJsonObject, textOf } from '../../../base/json.ts';

/** URLs of the services that take part in signing. */
export interface SigningServices {
  readonly fulcio: string;
  readonly log: LogService;
  /** Undefined: signatures have no timestamp. */
  readonly timestamps: string | undefined;
}

export interface LogService {
  readonly url: string;
  readonly version: 1 | 2;
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json';

/** A service of the list that is valid at a time, with the newest supported version. */
interface Offer {
  readonly url: string;
  readonly version: number;
}

/**
 * The services of a signing configuration, as `cosign signing-config create` writes it; or the reason why it is none. Of
 * the valid services with the newest version that this program speaks, the first one counts.
 *
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function parseSigningConfig(text: string, wallTime: number): SigningServices | string {
  const config = parseJsonObject(text);
  if (config?.['mediaType'] !== MEDIA_TYPE) return `not a signing configuration of the type ${MEDIA_TYPE}`;
  const find = (field: string, versions: readonly number[]) => newest(config[field], { versions, wallTime });
  const fulcio = find('caUrls', [1]);
  const log = find('rekorTlogUrls', [1, 2]);
  const timestamps = find('tsaUrls', [1]);
  if (fulcio === undefined) return 'caUrls has no valid service of version 1';
  if (log === undefined) return 'rekorTlogUrls has no valid service of version 1 or 2';
  const version = log.version === 2 ? 2 : 1;
  if (version === 2 && timestamps === undefined)
    return 'tsaUrls has no valid service: entries of Rekor v2 have no time';
  return { fulcio: fulcio.url, log: { url: log.url, version }, timestamps: timestamps?.url };
}

function newest(
  list: unknown,
  { versions, wallTime }: { readonly versions: readonly number[]; readonly wallTime: number },
): Offer | undefined {
  const offers = (Array.isArray(list) ? list : []).flatMap((service: unknown): Offer[] => {
    if (!isObject(service) || !isValidAt(service['validFor'], wallTime)) return [];
    const url = textOf(service, 'url');
    const version = Number(service['majorApiVersion'] ?? 0);
    return url === undefined || !versions.includes(version) ? [] : [{ url, version }];
  });
  const best = Math.max(...offers.map(({ version }) => version));
  return offers.find(({ version }) => version === best);
}

function isValidAt(range: unknown, wallTime: number): boolean {
  const { start, end } = isObject(range) ? range : {};
  return (
    timeOf(start, Number.NEGATIVE_INFINITY) <= wallTime && wallTime < timeOf(end, Number.POSITIVE_INFINITY)
  );
}

/** Milliseconds since the epoch; NaN, which compares with nothing, for a malformed time. */
function timeOf(value: unknown, unset: number): number {
  if (value == null) return unset;
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}
