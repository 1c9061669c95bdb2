import { getOrMake } from '../base/maps.ts';
import { MANIFEST_FILE, IMAGES_FILE } from './layout/project-files.ts';
import { sourceOf } from './layout/read-source.ts';
import type { Problem, PromoterManifest } from './model.ts';
import { type ParsedProject, parsePlain, parseThin } from './parse-manifest.ts';
import type { ManifestLocation } from './read-manifests.ts';

/** The content of a file in some version of the manifests. */
export interface VersionedFile {
  /** Equal for equal content. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The manifests of one version. */
export interface ParsedVersion {
  readonly manifests: readonly PromoterManifest[];
  /** The projects that cannot be used as a whole: their file, and the reason. */
  readonly broken: readonly { readonly file: string; readonly reason: string }[];
}

/** The files that are read from a version, of all its paths. */
export function manifestPaths(where: ManifestLocation, paths: readonly string[]): readonly string[] {
  if (where.kind === 'plain') return paths;
  return projectsIn(paths).flatMap((project) => [manifestOf(project), imagesOf(project)]);
}

type Parsed = Pick<ParsedProject, 'manifest'> & { readonly problems: readonly Problem[] };

/** Parses versions of the manifests one after the other. Content that a version shares with the one before is not parsed again. */
export class VersionParser {
  readonly #kind: ManifestLocation['kind'];
  /** Of the last version, by the identity of the content. */
  #known: ReadonlyMap<string, Parsed> = new Map();
  #next = new Map<string, Parsed>();

  constructor({ kind }: Pick<ManifestLocation, 'kind'>) {
    this.#kind = kind;
  }

  /** `files` are those of `manifestPaths`, by path. A directory that has only one file of a project is not one. */
  parse(files: ReadonlyMap<string, VersionedFile>): ParsedVersion {
    const parsed =
      this.#kind === 'plain'
        ? Array.from(files, ([path, file]) => this.#plain(path, file))
        : projectsIn(Array.from(files.keys())).map((project) => this.#thin(project, files));
    this.#known = this.#next;
    this.#next = new Map();
    const found = parsed.filter((one) => one !== undefined);
    return {
      manifests: found.map(({ manifest }) => manifest).filter((manifest) => manifest !== undefined),
      broken: found.flatMap(({ manifest, problems }) => (manifest === undefined ? reasonOf(problems) : [])),
    };
  }

  #plain(path: string, file: VersionedFile): Parsed {
    return this.#parseOnce(`${path} ${file.id}`, () => {
      const source = sourceOf(path, file.bytes);
      const { manifest } = parsePlain(source);
      return { manifest, problems: source.problems };
    });
  }

  #thin(project: string, files: ReadonlyMap<string, VersionedFile>): Parsed | undefined {
    const manifest = files.get(manifestOf(project));
    const images = files.get(imagesOf(project));
    if (manifest === undefined || images === undefined) return undefined;
    return this.#parseOnce(`${project} ${manifest.id} ${images.id}`, () => {
      const sources = [
        sourceOf(manifestOf(project), manifest.bytes),
        sourceOf(imagesOf(project), images.bytes),
      ] as const;
      const parsed = parseThin(...sources);
      return { manifest: parsed.manifest, problems: sources.flatMap(({ problems }) => problems) };
    });
  }

  #parseOnce(content: string, parse: () => Parsed): Parsed {
    return getOrMake(this.#next, content, () => this.#known.get(content) ?? parse());
  }
}

function reasonOf(problems: readonly Problem[]): ParsedVersion['broken'] {
  const first = problems.find(({ severity }) => severity === 'error');
  return first === undefined ? [] : [{ file: first.at.file, reason: first.message }];
}

/** The names of projects: a directory in `manifests`, or a link to one. */
function projectsIn(paths: readonly string[]): readonly string[] {
  const names = paths.map((path) => /^manifests\/([^/]+)(?:\/(.*))?$/.exec(path) ?? []);
  return Array.from(
    new Set(
      names.flatMap(([, name, rest]) =>
        name !== undefined && (rest ?? MANIFEST_FILE) === MANIFEST_FILE ? [name] : [],
      ),
    ),
  );
}

function manifestOf(project: string): string {
  return `manifests/${project}/${MANIFEST_FILE}`;
}

function imagesOf(project: string): string {
  return `images/${project}/${IMAGES_FILE}`;
}
