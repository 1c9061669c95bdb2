import { parseDigest } from '../../../image/digest.ts';
import { type Purl, parsePurl } from '../../../image/purl.ts';
import { parseRepository } from '../../../image/repository.ts';
import type { VexImage } from '../../../ports/vulnerabilities.ts';

/**
 * The image that a product of a VEX document is: `pkg:oci/app@sha256:…`, `pkg:oci/app?repository_url=HOST/app`, or a
 * reference as clients write it. Undefined for every other product, and for a name without a registry.
 *
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
 */
function imageOf(product: string): VexImage | undefined {
  const purl = parsePurl(product);
  if (purl !== undefined) return imageOfPurl(purl);
  const at = product.lastIndexOf('@');
  if (at !== -1) return ofDigest(product.slice(at + 1));
  const colon = product.lastIndexOf(':');
  const hasTag = colon > product.lastIndexOf('/');
  return ofRepository(
    hasTag ? product.slice(0, colon) : product,
    hasTag ? product.slice(colon + 1) : undefined,
  );
}

/** The images that all names of one product are. A name with a digest is exact, so others beside it do not count. */
export function imagesNamed(names: readonly string[]): readonly VexImage[] {
  const images = names.flatMap((name) => imageOf(name) ?? []);
  const exact = images.filter((image) => 'digest' in image);
  return exact.length > 0 ? exact : images;
}

/** A digest is enough: a repository beside it is one of those that may have it. */
function imageOfPurl({ type, version, qualifiers }: Purl): VexImage | undefined {
  if (type !== 'oci' && type !== 'docker') return undefined;
  const image = version === undefined ? ofQualifiers(type, qualifiers) : ofDigest(version);
  return image && { ...image, architecture: qualifiers.get('arch') };
}

function ofQualifiers(type: string, qualifiers: Purl['qualifiers']): VexImage | undefined {
  if (type !== 'oci') return undefined;
  return ofRepository(qualifiers.get('repository_url') ?? '', qualifiers.get('tag'));
}

function ofDigest(text: string): VexImage | undefined {
  const digest = parseDigest(text);
  return digest && { digest };
}

function ofRepository(text: string, tag: string | undefined): VexImage | undefined {
  const repository = parseRepository(text.replace(/^https?:\/\//, ''));
  return repository && { repository, tag };
}
