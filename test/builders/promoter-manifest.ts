import type { Corpus } from './corpus.ts';

/** The plain manifest (YAML) that promotes all of a corpus; registries are `host/path`, as manifests name them. */
export function promoterManifest(
  corpus: Corpus,
  registries: { readonly source: string; readonly destinations: readonly string[] },
): string {
  const lines = ['registries:', `- name: ${registries.source}`, '  src: true'];
  for (const destination of registries.destinations) lines.push(`- name: ${destination}`);
  lines.push('images:');
  let previous = '';
  for (const { repository, index, tag } of corpus.images) {
    if (repository !== previous) lines.push(`- name: ${repository}`, '  dmap:');
    lines.push(`    "${index.digest}": ["${tag}"]`);
    previous = repository;
  }
  return `${lines.join('\n')}\n`;
}
