import { isEmailAddress, quote } from '../base/text.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { type ImageName, parseImageName, parseRegistryName, type RegistryName } from '../image/repository.ts';
import { parseTag, type Tag } from '../image/tag.ts';
import type { RuleName } from './model.ts';

/** The result of a rule: the parsed value, or a fault. */
export type Verdict<T> = { readonly value: T } | { readonly fault: Fault };

export interface Fault {
  readonly rule: RuleName;
  readonly message: string;
}

/** Only sha256, as in the original program: every registry takes it. */
export function checkDigest(text: string): Verdict<Digest> {
  const value = parseDigest(text);
  if (value?.startsWith('sha256:')) return { value };
  return fault('digest', `invalid digest ${quote(text)}: ${whyNoDigest(text)}`);
}

export function checkTag(text: string): Verdict<Tag> {
  const value = parseTag(text);
  if (value !== undefined) return { value };
  return fault('tag', `invalid tag ${quote(text)}: ${whyNoTag(text)}`);
}

/** `text` is undefined where the field is missing or null. */
export function checkImageName(text: string | undefined): Verdict<ImageName> {
  if (!text)
    return fault('empty-name', `images: 'name' field cannot be empty: give the path below the registries`);
  const value = parseImageName(text);
  if (value !== undefined) return { value };
  return fault('image-name', `invalid image name ${quote(text)}: ${whyNoPath(text)}`);
}

/** `text` is undefined where the field is missing or null. */
export function checkRegistryName(text: string | undefined): Verdict<RegistryName> {
  if (!text)
    return fault('empty-name', `registries: 'name' field cannot be empty: give host/path of the registry`);
  const value = parseRegistryName(text);
  if (value !== undefined) return { value };
  return fault('registry-name', `invalid registry name ${quote(text)}: ${whyNoRegistry(text)}`);
}

/** `text` is undefined where the field is missing or null; an empty one means the same. */
export function checkServiceAccount(text: string | undefined): Verdict<string | undefined> {
  if (!text) return { value: undefined };
  if (isEmailAddress(text)) return { value: text };
  const expected = 'expected an email address, such as NAME@PROJECT.iam.gserviceaccount.com';
  return fault('service-account', `invalid service account ${quote(text)}: ${expected}`);
}

const MAX_TAG_LENGTH = 128;

function fault(rule: RuleName, message: string): { readonly fault: Fault } {
  return { fault: { rule, message } };
}

function whyNoDigest(text: string): string {
  if (!text.startsWith('sha256:')) return 'expected "sha256:" and 64 hex digits';
  const hex = text.slice('sha256:'.length);
  if (/^[0-9a-f]*$/.test(hex)) return `it has ${hex.length} hex digits, expected 64`;
  if (/^[0-9a-fA-F]*$/.test(hex)) return 'its hex digits have to be in lower case';
  return 'expected 64 hex digits (0-9, a-f) after the colon';
}

function whyNoTag(text: string): string {
  if (text.length > MAX_TAG_LENGTH)
    return `it has ${text.length} characters, at most ${MAX_TAG_LENGTH} are allowed`;
  if (text === '') return 'it is empty; for no tag at all write []';
  return 'expected letters, digits, "_", "." and "-", the first of them a letter, a digit or "_"';
}

function whyNoPath(text: string): string {
  if (text.startsWith('/') || text.endsWith('/')) return 'remove the slash at its start or end';
  if (/[A-Z]/.test(text)) return 'it has to be in lower case';
  if (/^[^/]*@|:/.test(text)) return 'expected the bare name, tags and digests belong into the dmap';
  return 'expected at most 255 characters: lower case letters and digits with single "/", "." or "_", "__" or dashes between';
}

function whyNoRegistry(text: string): string {
  if (text.includes('://')) return 'write it without the scheme';
  if (text.includes('//')) return 'remove one of the two slashes in a row';
  if (text.endsWith('/')) return 'remove the slash at its end';
  const slash = text.indexOf('/');
  const host = slash === -1 ? text : text.slice(0, slash);
  if (!/[.:]/.test(host) && host !== 'localhost') {
    return `expected host[:port]/path, and ${quote(host)} is no host: it has neither a dot nor a port`;
  }
  if (slash !== -1 && parseImageName(text.slice(slash + 1)) === undefined)
    return whyNoPath(text.slice(slash + 1));
  return `expected host[:port] or host[:port]/path`;
}
