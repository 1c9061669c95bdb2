import { join } from 'node:path';
import { readSource } from '../../manifest/layout/read-source.ts';
import { renderProblem } from '../../manifest/problem.ts';
import { SourceFile } from '../../manifest/source-file.ts';
import { parseYaml } from '../../manifest/yaml/parse-yaml.ts';
import type { YamlNode } from '../../manifest/yaml/yaml-tree.ts';
import { type WatchRule, WatchSection } from '../../settings/watch-section.ts';
import { InputError } from '../flags/usage-error.ts';

const FILE = '.cip.yaml';

/** The section `watch` of the settings beside the manifests. Throws an `InputError` if there is none. */
export async function readWatchRules(directory: string, signal: AbortSignal): Promise<readonly WatchRule[]> {
  const reading = { file: FILE, path: join(directory, FILE), links: 'refuse' } as const;
  const source = await readSource(reading, signal);
  if (!(source instanceof SourceFile)) {
    throw new InputError(`-watch needs the section "watch" of ${FILE}: ${source.message}`);
  }
  const root = parseYaml(source);
  const [problem] = source.problems;
  if (problem !== undefined) throw new InputError(renderProblem(problem));
  const section = root?.kind === 'map' ? root.entries.find(({ key }) => key.value === 'watch') : undefined;
  if (section === undefined) throw new InputError(`${FILE} has no section "watch": nothing is watched`);
  const parsed = WatchSection.safeParse(valueOf(section.value));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${['watch', ...path].join('.')}: ${message}`,
  );
  throw new InputError(`${FILE}: ${faults.join('; ')}`);
}

function valueOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map(valueOf);
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key.value, valueOf(value)]));
    case 'scalar':
      return node.value;
    default:
      return node satisfies never;
  }
}
