import { listSome, quote } from '../../base/text.ts';
import { type ImageName, isWithin, parseImageName, type Repository } from '../../image/repository.ts';
import type { PromoterManifest } from '../../manifest/model.ts';

/** The project that an image belongs to, and the name of the image in it. */
export interface ChosenProject {
  readonly project: string;
  readonly name: ImageName;
}

/**
 * The project whose source registry holds a repository; `named` chooses one of several. In words, with the candidates,
 * where there is none or not one alone.
 */
export function chooseProject(
  repository: Repository,
  manifests: readonly PromoterManifest[],
  named: string | undefined,
): ChosenProject | { readonly refusal: string } {
  const known = manifests.map((manifest) => ({ project: projectOf(manifest), source: manifest.source.name }));
  if (named !== undefined && !known.some(({ project }) => project === named))
    return refuse(`no project ${quote(named)}: there is ${listSome(known.map(({ project }) => project))}`);
  const asked = known.filter(({ project }) => named === undefined || project === named);
  const candidates = asked.flatMap(({ project, source }) => {
    const name = parseImageName(repository.slice(source.length + 1));
    return isWithin(repository, source) && name !== undefined ? [{ project, name }] : [];
  });
  const [chosen, ...others] = candidates;
  if (chosen === undefined) {
    const sources = listSome(asked.map(({ project, source }) => `${project} (${source})`));
    return refuse(`${repository} is below the source registry of no project: there is ${sources}`);
  }
  if (others.length === 0) return chosen;
  const projects = candidates.map(({ project }) => project);
  return refuse(`${repository} belongs to several projects, ${listSome(projects)}: choose one with -project`);
}

/** The name of the directory of a thin manifest. */
export function projectOf({ file }: Pick<PromoterManifest, 'file'>): string {
  return file.split('/').at(-2) ?? file;
}

function refuse(refusal: string): { readonly refusal: string } {
  return { refusal };
}
