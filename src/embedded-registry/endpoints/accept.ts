import { DOCKER_LIST, DOCKER_MANIFEST, isSchema1Type } from '../../image/media-types.ts';

/**
 * True when a manifest of this type may be the answer. Docker's types are what clients without an Accept header
 * have always got, and schema 1 what they get whatever they ask for; parameters and weights do not count.
 */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (isSchema1Type(mediaType)) return true;
  if (header === undefined) return mediaType === DOCKER_MANIFEST || mediaType === DOCKER_LIST;
  const named = header.split(',').map((entry) => entry.split(';', 1)[0]?.trim());
  return named.includes(mediaType) || named.includes('*/*');
}
