import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { ManifestLocation } from '../../manifest/read-manifests.ts';
import type { PathInRepository } from '../../report/remarks/remark.ts';

/**
 * Paths relative to the top of the git repository that manifests are in, as GitHub names files. Without a repository
 * they are relative to the working directory.
 */
export function repositoryPaths(where: ManifestLocation): PathInRepository {
  const base = where.kind === 'thin' ? realOf(where.directory) : realOf(dirname(where.file));
  const top = topOf(base) ?? realOf('.');
  return (file) => {
    const path = where.kind === 'thin' ? join(base, file) : join(base, relative(dirname(where.file), file));
    return relative(top, path).split(sep).join('/');
  };
}

/** The nearest directory with `.git`, which is a file in a worktree. */
function topOf(directory: string): string | undefined {
  if (existsSync(join(directory, '.git'))) return directory;
  const parent = dirname(directory);
  return parent === directory ? undefined : topOf(parent);
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    return resolve(directory); // its absence is reported elsewhere
  }
}
