import { withAdvice } from '../render-text.ts';
import { RegistryLists } from '../summary/registry-lists.ts';
import type { ImageView, PlanView } from './plan-view.ts';

/** A section of a plan as Markdown and HTML have it. */
export interface PlanTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a reviewer reads, the unusual first; sections without rows are left out. */
export function planTables(view: PlanView): readonly PlanTable[] {
  const lists = new RegistryLists();
  const tables = [
    {
      title: 'Not written',
      header: ['image', 'decision', 'tag', 'digest', 'reason', 'registries', 'place'],
      rows: rowsOf(view.refusals, lists, ({ reason }) => reason),
    },
    {
      title: 'Malformed entries',
      header: ['place', 'rule', 'message'],
      rows: view.malformed.map(({ at, rule, message }) => [at, rule, message]),
    },
    {
      title: 'Findings',
      header: ['level', 'check', 'place', 'finding'],
      rows: view.findings.map(({ level, rule, at, ...finding }) => [level, rule, at, withAdvice(finding)]),
    },
    {
      title: 'To be written',
      header: ['image', 'decision', 'tag', 'digest', 'from', 'registries', 'place'],
      rows: rowsOf(view.writes, lists, ({ source, reason }) =>
        reason === '' ? (source ?? '') : `${source}: ${reason}`,
      ),
    },
    { title: 'New repositories', header: ['repository'], rows: view.newRepositories.map((name) => [name]) },
    {
      title: 'Registries',
      header: ['list', 'registries'],
      rows: lists.all.map((registries, index) => [`[${index + 1}]`, registries.join(', ')]),
    },
  ];
  return tables.filter(({ rows }) => rows.length > 0);
}

type Line = ImageView['lines'][number];

/** An image is named on the first of its lines. */
function rowsOf(
  images: readonly ImageView[],
  lists: RegistryLists,
  explain: (line: Line) => string,
): string[][] {
  return images.flatMap((image) => {
    const registries = lists.nameOf(image, 'registries');
    return image.lines.map((line, index) => {
      const { decision, tag, digest, at } = line;
      const name = index === 0 ? image.image : '';
      return [name, decision, tag ?? '(no tag)', digest, explain(line), registries, at.join(', ')];
    });
  });
}
