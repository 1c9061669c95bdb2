import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { quote, trimEndOf } from '../../base/text.ts';
import { parseRegistryName, type RegistryName } from '../../image/repository.ts';
import { MANIFEST_FILE } from '../../manifest/layout/project-files.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { registryNamed } from '../flags/options/browse-options.ts';
import { InputError, UsageError } from '../flags/usage-error.ts';

/** One side of a comparison. */
export type Side =
  | { readonly kind: 'registry'; readonly title: string; readonly registry: RegistryName }
  | { readonly kind: 'snapshot'; readonly title: string; readonly file: string }
  /** The images that manifests want in a registry. */
  | {
      readonly kind: 'manifests';
      readonly title: string;
      readonly where: ManifestLocation;
      readonly registry: RegistryName;
    };

/**
 * The kinds of the two sides. A path that exists is a path; a directory without a registry takes that of the other side.
 * Throws a `UsageError` for text that is neither a path nor a registry.
 */
export async function findSides(a: string, b: string): Promise<readonly [Side, Side]> {
  const [first, second] = await Promise.all([findSide(a), findSide(b)]);
  return [complete(first, second), complete(second, first)];
}

/** A file name, and never the name of a registry. */
const LOOKS_LIKE_FILE = /^[^/]+\.(?:ya?ml|json|csv)$/i;

/** A directory without a registry is not yet a side. */
type Found = Side | { readonly kind: 'directory'; readonly title: string };

async function findSide(title: string): Promise<Found> {
  const kind = await kindOfPath(title);
  if (kind === 'directory') return await directoryAt(title);
  if (kind === 'file') return { kind: 'snapshot', title, file: title };
  const [, path = '', name = ''] = /^(.+)@([^@]+)$/.exec(title) ?? [];
  const manifests = path === '' ? undefined : await kindOfPath(path);
  if (manifests !== undefined) {
    const where = manifests === 'file' ? ({ kind: 'plain', file: path } as const) : thin(path);
    return { kind: 'manifests', title, where, registry: registryNamed(name) };
  }
  if (LOOKS_LIKE_FILE.test(title)) throw new InputError(`${quote(title)}: no such file`);
  if (parseRegistryName(trimEndOf(title, '/')) === undefined) throw neither(title);
  return { kind: 'registry', title, registry: registryNamed(title) };
}

async function directoryAt(title: string): Promise<Found> {
  const found = await Promise.all(['manifests', MANIFEST_FILE].map((name) => kindOfPath(join(title, name))));
  if (found.some((kind) => kind !== undefined)) return { kind: 'directory', title };
  throw new InputError(
    `${quote(title)} is a directory without manifests: expected manifests/ and images/ in it, or a file`,
  );
}

function complete(side: Found, other: Found): Side {
  if (side.kind !== 'directory') return side;
  if (other.kind === 'registry' || other.kind === 'manifests') {
    const { title } = side;
    return { kind: 'manifests', title, where: thin(title), registry: other.registry };
  }
  throw new UsageError(
    `${quote(side.title)} is a directory of manifests: say for which registry, ${side.title}@REGISTRY`,
  );
}

function thin(directory: string): ManifestLocation {
  return { kind: 'thin', directory };
}

async function kindOfPath(path: string): Promise<'file' | 'directory' | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'directory' : 'file';
}

function neither(title: string): UsageError {
  return new UsageError(
    `${quote(title)} is neither a file that is there nor a registry: expected a snapshot, PATH@REGISTRY or host/path`,
  );
}
