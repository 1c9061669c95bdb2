import { isEmailAddress, nearest, quote } from '../base/text.ts';
import { type Digest, parseDigest } from '../image/digest.ts';
import { type ImageName, parseImageName, parseRegistryName, type RegistryName } from '../image/repository.ts';
import { parseTag, type Tag } from '../image/tag.ts';
import type { RuleName } from './model.ts';

/** What a rule says of a text: the value that it is, or what is wrong with it. */
export type Verdict<T> = { readonly value: T } | { readonly fault: Fault };

export interface Fault {
  readonly rule: RuleName;
  readonly message: string;
}

/** Manifests name images by sha256, as the original has it and as every registry takes it. */
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

/** A warning: an image without digests asks for nothing, so nothing is lost. */
export function emptyDmap(): Fault {
  return faultOf('empty-dmap', `images: 'dmap' field is empty: nothing is promoted for this image`);
}

export function emptyRegistries(): Fault {
  return faultOf(
    'one-source',
    `'registries' field cannot be empty: expected one registry with "src: true" and at least one without`,
  );
}

export function noSource(): Fault {
  return faultOf('one-source', 'source registry must be set: mark one registry with "src: true"');
}

/** `first` is where the other source stands. */
export function secondSource(name: string, first: string): Fault {
  return faultOf(
    'one-source',
    `cannot have more than 1 source registry: ${quote(name)} is one too, the first is at ${first}; remove a "src: true"`,
  );
}

export function noDestination(): Fault {
  return faultOf(
    'destination',
    'no destination registry: expected at least one valid registry without "src: true"',
  );
}

export function destinationIsSource(name: string): Fault {
  return faultOf(
    'destination',
    `destination ${quote(name)} is the source registry itself: nothing can be promoted there, remove it`,
  );
}

/** What a manifest deserves that names a source alone, as the original took it. */
export function nothingToPromote(): Fault {
  return faultOf('destination', 'nothing to promote: there is a source registry and no destination');
}

export function secondDocument(): Fault {
  return faultOf(
    'second-document',
    'this and what follows is not read: a file is one YAML document, and here is a second one; put it into a file of its own',
  );
}

/** `first` is where the same name stands with another service account. */
export function destinationTwice(name: string, first: string): Fault {
  return faultOf(
    'destination',
    `destination ${quote(name)} is listed with another service account at ${first}: remove one of the two`,
  );
}

/** `first` is where the key stands already. */
export function duplicateKey(key: string, first: string): Fault {
  return faultOf('duplicate-key', `key ${quote(key)} already set in map at ${first}: remove one of the two`);
}

export function unknownField(field: string, owner: string, known: readonly string[]): Fault {
  const meant = nearest(field, known);
  const advice = meant === undefined ? `expected ${known.join(', ')}` : `did you mean ${quote(meant)}?`;
  return faultOf('unknown-field', `field ${quote(field)} not found in ${owner}: ${advice}`);
}

const MAX_TAG_LENGTH = 128;

function fault(rule: RuleName, message: string): { readonly fault: Fault } {
  return { fault: { rule, message } };
}

function faultOf(rule: RuleName, message: string): Fault {
  return { rule, message };
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
