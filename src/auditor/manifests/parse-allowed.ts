import { expandEdges } from '../../edges/expand-edges.ts';
import { type ParsedVersion, VersionParser } from '../../manifest/version-parser.ts';
import type { CommittedFile } from '../../ports/history.ts';
import { AllowedImages } from '../verdict/allowed-images.ts';

/** What the files of one version allow. */
export interface ParsedImages {
  readonly images: AllowedImages;
  /** Errors of unreadable projects: any of them may allow any image. */
  readonly broken: readonly string[];
  readonly projects: number;
}

const THIN = /^manifests\/[^/]+\/promoter-manifest\.yaml$/;
const YAML = /\.ya?ml$/;

/** Parses the files of versions: thin manifests, or plain ones where there are no thin manifests. */
export class AllowedParser {
  readonly #thin = new VersionParser({ kind: 'thin' });
  readonly #plain = new VersionParser({ kind: 'plain' });

  /** The allowed images, or undefined where there is no manifest among the files. */
  parse(files: ReadonlyMap<string, CommittedFile>): ParsedImages | undefined {
    const isThin = Array.from(files.keys()).some((path) => THIN.test(path));
    const version = isThin ? this.#thin.parse(files) : this.#plain.parse(plainManifestsIn(files));
    const projects = version.manifests.length + version.broken.length;
    return projects === 0 ? undefined : { ...allowedBy(version), projects };
  }
}

function allowedBy({ manifests, broken }: ParsedVersion): Pick<ParsedImages, 'images' | 'broken'> {
  const images = new AllowedImages(expandEdges(manifests, { siblings: false }), {
    sources: manifests.map(({ source }) => source.name),
    destinations: manifests.flatMap(({ destinations }) => destinations.map(({ name }) => name)),
  });
  return { images, broken: broken.map(({ file, reason }) => `${file}: ${reason}`) };
}

/**
 * The plain manifests of a directory, without its other YAML files. A file without images is left out: it may be half of a
 * misplaced thin manifest.
 */
function plainManifestsIn(files: ReadonlyMap<string, CommittedFile>): ReadonlyMap<string, CommittedFile> {
  return new Map(
    Array.from(files).filter(([path, { bytes }]) => {
      if (!YAML.test(path)) return false;
      const text = Buffer.from(bytes).toString('utf8');
      return /^["']?registries["']?\s*:/m.test(text) && /^["']?images["']?\s*:/m.test(text);
    }),
  );
}
