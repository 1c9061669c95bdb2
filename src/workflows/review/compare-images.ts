import { compareText } from '../../base/sorted.ts';
import type { FieldChange, PlatformSize } from '../../report/review/review.ts';
import type { Fields } from './config-fields.ts';
import { hideSecrets, shorten } from './printable.ts';
import type { ImageFacts } from './read-image.ts';

/** The fields of a platform in both images. */
export interface PlatformFields {
  readonly platform: string;
  readonly before: Fields;
  readonly after: Fields;
}

/** Fields of one image: more than any real image has. */
const MAX_FIELDS = 300;

/** Every platform of two images with its sizes. Without a previous image all are gained. */
export function comparePlatforms(
  before: Pick<ImageFacts, 'platforms'> | undefined,
  after: Pick<ImageFacts, 'platforms'>,
): readonly PlatformSize[] {
  const names = new Set([...(before?.platforms.keys() ?? []), ...after.platforms.keys()]);
  return Array.from(names)
    .toSorted(compareText)
    .map((platform) => ({
      platform,
      before: sizeOf(before?.platforms.get(platform)),
      after: sizeOf(after.platforms.get(platform)),
    }));
}

/** A platform without sizes has 0 bytes: null is for a platform that does not exist. */
function sizeOf(platform: { readonly size: number | undefined } | undefined): number | null {
  return platform === undefined ? null : (platform.size ?? 0);
}

/** The fields that differ, sorted. Platforms with the same difference share one entry. */
export function compareFields(platforms: readonly PlatformFields[]): {
  readonly fields: readonly FieldChange[];
  readonly moreFields: number;
} {
  const changes = new Map<string, FieldChange & { readonly platforms: string[] }>();
  for (const { platform, before, after } of platforms) {
    for (const field of new Set([...before.keys(), ...after.keys()])) {
      const values = [before.get(field), after.get(field)] as const;
      if (values[0] === values[1]) continue;
      const key = JSON.stringify([field, ...values.map((value) => value ?? null)]);
      const known = changes.get(key) ?? { ...changeOf(field, ...values), platforms: [] };
      changes.set(key, known);
      known.platforms.push(platform);
    }
  }
  const all = Array.from(changes.values(), (change) =>
    change.platforms.length === platforms.length ? { ...change, platforms: [] } : change,
  ).toSorted(byField);
  return { fields: all.slice(0, MAX_FIELDS), moreFields: Math.max(0, all.length - MAX_FIELDS) };
}

function changeOf(
  field: string,
  before: string | undefined,
  after: string | undefined,
): Omit<FieldChange, 'platforms'> {
  const print = (value: string | undefined) =>
    value === undefined ? null : shorten(hideSecrets(field, value));
  return { field: shorten(field), before: print(before), after: print(after) };
}

/** The most important fields first. */
const ORDER = [
  'user',
  'entrypoint',
  'cmd',
  'working directory',
  'stop signal',
  'health check',
  'shell',
  'on build',
  'base image',
  'env',
  'port',
  'volume',
];

function byField(a: FieldChange, b: FieldChange): number {
  return rankOf(a) - rankOf(b) || compareText(a.field, b.field);
}

function rankOf({ field }: FieldChange): number {
  const rank = ORDER.findIndex((name) => field === name || field.startsWith(`${name} `));
  return rank === -1 ? ORDER.length : rank;
}
