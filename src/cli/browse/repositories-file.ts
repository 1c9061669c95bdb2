import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { quote } from '../../base/text.ts';
import {
  hostOf,
  isWithin,
  parseRepository,
  type RegistryName,
  type Repository,
} from '../../image/repository.ts';
import { InputError } from '../flags/usage-error.ts';

/**
 * Reads the repositories in a file, one a line: with the host, or relative to the registry. Blank lines and text after
 * `#` are skipped. Throws an `InputError` for a line that names none within the registry.
 */
export async function readRepositoriesFile(
  file: string,
  registry: RegistryName,
): Promise<readonly Repository[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new InputError(`cannot read the list of repositories ${quote(file)}: ${messageOf(error)}`);
  });
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const repository = parseLine(line, registry);
    if (repository !== undefined) return [repository];
    throw new InputError(
      `${file}:${index + 1}: ${quote(line)} is no repository at or below ${registry}: expected its name, one a line`,
    );
  });
}

function parseLine(line: string, registry: RegistryName): Repository | undefined {
  const isFull = line.startsWith(`${hostOf(registry)}/`);
  const repository = parseRepository(isFull ? line : `${registry}/${line}`);
  return repository !== undefined && isWithin(repository, registry) ? repository : undefined;
}
