import { isCanonical } from '../../manifest/format/format-manifest.ts';
import { readLayout } from '../../manifest/layout/layout.ts';
import { readSource, type SourceLocation } from '../../manifest/layout/read-source.ts';
import type { Problem } from '../../manifest/model.ts';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import { SourceFile } from '../../manifest/source-file.ts';

/** The manifest files that `cip fmt` would change. A file that cannot be read has other problems. */
export async function formatProblems(
  where: ManifestLocation,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const location of await locationsOf(where, signal)) {
    // oxlint-disable-next-line no-await-in-loop -- a file may have megabytes
    const source = await readSource(location, signal);
    if (source instanceof SourceFile && !isCanonical(source.text)) problems.push(problemOf(location.file));
  }
  return problems;
}

async function locationsOf(where: ManifestLocation, signal: AbortSignal): Promise<readonly SourceLocation[]> {
  if (where.kind !== 'thin') return [{ file: where.file, path: where.file }];
  const { projects } = await readLayout(where.directory, signal);
  return projects.flatMap(({ manifest, images }) =>
    [manifest, images].map(({ file, path }): SourceLocation => ({ file, path, links: 'refuse' })),
  );
}

function problemOf(file: string): Problem {
  return {
    rule: 'format',
    severity: 'warning',
    message: 'this file is not formatted: run `cip fmt`',
    at: { file, line: 1, column: 1 },
    frame: '',
  };
}
