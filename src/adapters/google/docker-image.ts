import { isObject, type JsonObject } from '../../base/json.ts';
import { quote } from '../../base/text.ts';
import { parseDigest } from '../../image/digest.ts';
import { parseRepository, type RegistryName } from '../../image/repository.ts';
import { parseTag } from '../../image/tag.ts';
import { RegistryError } from '../../ports/registry-error.ts';
import type { RegistryEntry } from '../../ports/whole-registry.ts';
import { textOf } from './shape.ts';

/**
 * One `DockerImage` of the API. Throws where it does not say which manifest of this registry it is: a snapshot must not
 * lose one silently. Tags outside the grammar are left out: nobody can ask for them.
 */
export function parseDockerImage(registry: RegistryName, image: JsonObject): RegistryEntry {
  const uri = textOf(image, 'uri') ?? '';
  const at = uri.indexOf('@');
  const repository = parseRepository(uri.slice(0, at));
  const digest = parseDigest(uri.slice(at + 1));
  if (at === -1 || digest === undefined || repository?.startsWith(`${registry}/`) !== true) {
    const message = `Artifact Registry's list of images in ${registry} has ${quote(uri)}, expected ${registry}/NAME@DIGEST`;
    throw new RegistryError('unexpected', message);
  }
  const tags = listOf(image, 'tags').map((tag) => parseTag(String(tag)));
  const children = listOf(image, 'imageManifests').map((child) =>
    isObject(child) ? parseDigest(textOf(child, 'digest') ?? '') : undefined,
  );
  return {
    repository,
    digest,
    tags: tags.filter((tag) => tag !== undefined),
    mediaType: textOf(image, 'mediaType') ?? '',
    children: children.filter((child) => child !== undefined),
  };
}

function listOf(json: JsonObject, field: string): readonly unknown[] {
  const list = json[field];
  return Array.isArray(list) ? list : [];
}
