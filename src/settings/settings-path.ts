import { dirname, join } from 'node:path';
import type { ManifestLocation } from '../manifest/read-manifests.ts';

export const SETTINGS_FILE = '.cip.yaml';

/** The path of the settings of manifests: in the directory of thin ones, beside a plain one. */
export function settingsPathOf(where: ManifestLocation): string {
  return join(where.kind === 'thin' ? where.directory : dirname(where.file), SETTINGS_FILE);
}
