import { dirname, join } from 'node:path';
import type { ManifestLocation } from '../manifest/read-manifests.ts';

export const SETTINGS_FILE = '.cip.yaml';

/** The path of `.cip.yaml`: in the directory of thin manifests, or beside a plain manifest. */
export function settingsPathOf(where: ManifestLocation): string {
  return join(where.kind === 'thin' ? where.directory : dirname(where.file), SETTINGS_FILE);
}
