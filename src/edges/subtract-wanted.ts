import type { Wanted } from './wanted.ts';

/** What is wanted and does not belong to a part of it. */
export function subtractWanted(wanted: Wanted, part: Wanted): Wanted {
  const taken = new Set(part.repositories);
  const repositories = wanted.repositories.filter((one) => !taken.has(one));
  return { ...wanted, repositories, edges: repositories.reduce((sum, { list }) => sum + list.edges, 0) };
}
