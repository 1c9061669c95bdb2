import { quote } from '../base/text.ts';
import type { Digest } from '../image/digest.ts';
import { parseRepository, type Repository } from '../image/repository.ts';
import type { Tag } from '../image/tag.ts';
import { checkDigest, checkRegistryName, checkTag } from './rules.ts';

/** An image as users name it: `REPOSITORY:TAG`, `REPOSITORY@DIGEST`, both, or neither. */
export interface ImageReference {
  readonly repository: Repository;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/** The image that a text names, or in words why it names none. */
export function parseImageReference(
  text: string,
): { readonly value: ImageReference } | { readonly fault: string } {
  const { name, tagText, digestText } = splitReference(text);
  const isUrl = text.includes('://');
  const repository = parseRepository(name);
  if (isUrl || repository === undefined) return { fault: whyNoRepository(text, isUrl ? text : name) };
  const tag = tagText === undefined ? undefined : checkTag(tagText);
  const digest = digestText === undefined ? undefined : checkDigest(digestText);
  for (const verdict of [tag, digest]) {
    if (verdict !== undefined && 'fault' in verdict)
      return { fault: `${quote(text)}: ${verdict.fault.message}` };
  }
  return {
    value: {
      repository,
      tag: tag !== undefined && 'value' in tag ? tag.value : undefined,
      digest: digest !== undefined && 'value' in digest ? digest.value : undefined,
    },
  };
}

/** The colon of a tag comes after the last slash: one before it begins a port. */
function splitReference(text: string): { name: string; tagText?: string; digestText?: string } {
  const at = text.indexOf('@');
  const left = at === -1 ? text : text.slice(0, at);
  const colon = left.indexOf(':', left.lastIndexOf('/') + 1);
  return {
    name: colon === -1 ? left : left.slice(0, colon),
    ...(colon !== -1 && { tagText: left.slice(colon + 1) }),
    ...(at !== -1 && { digestText: text.slice(at + 1) }),
  };
}

function whyNoRepository(text: string, name: string): string {
  const verdict = checkRegistryName(name);
  const reason =
    'fault' in verdict ? verdict.fault.message : 'expected host[:port]/path, and the path is missing';
  return `invalid image ${quote(text)}: ${reason}`;
}
