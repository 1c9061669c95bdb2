import { listSome, quote } from '../../base/text.ts';
import { parseRegistryName, type RegistryName } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';

/** What names the project of a promotion; at least one of the two. */
export interface ProjectChoice {
  readonly project: string | undefined;
  readonly staging: RegistryName | undefined;
}

export type StagingChoice =
  | {
      readonly kind: 'found';
      readonly manifest: PromoterManifest;
      /** The name of the project in titles and branches. */
      readonly project: string;
    }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * The manifest of a staging registry, or of a project: the one whose source is `gcr.io/k8s-staging-PROJECT`, else the
 * one of the directory `PROJECT` or `k8s-staging-PROJECT`.
 */
export function chooseStaging(
  manifests: readonly PromoterManifest[],
  { project, staging }: ProjectChoice,
): StagingChoice {
  const manifest =
    staging === undefined
      ? manifestOfProject(manifests, project ?? '')
      : (manifests.find(
          (one) => one.source.name === staging && (project === undefined || directoryOf(one) === project),
        ) ?? manifests.find((one) => one.source.name === staging));
  if (manifest !== undefined) return { kind: 'found', manifest, project: project ?? directoryOf(manifest) };
  const known = listSome(manifests.map((one) => `${directoryOf(one)} (${one.source.name})`));
  const wanted =
    staging === undefined
      ? `no project ${quote(project ?? '')}`
      : `could not find Manifest for ${quote(staging)}: no project has this source registry`;
  return { kind: 'unknown', reason: `${wanted}, there is ${known}` };
}

function manifestOfProject(
  manifests: readonly PromoterManifest[],
  project: string,
): PromoterManifest | undefined {
  const prefixed = `k8s-staging-${project}`;
  const usual = parseRegistryName(`gcr.io/${prefixed}`);
  return (
    manifests.find(({ source }) => source.name === usual) ??
    manifests.find((one) => directoryOf(one) === project) ??
    manifests.find((one) => directoryOf(one) === prefixed)
  );
}

/** The directory of a thin manifest below `manifests/`. */
export function directoryOf({ file }: Pick<PromoterManifest, 'file'>): string {
  return file.split('/').at(-2) ?? '';
}
