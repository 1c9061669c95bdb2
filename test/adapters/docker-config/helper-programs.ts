import { chmod } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { testdir } from '../../builders/testdir.ts';

/** Answers, and writes down what it was asked. */
export const ANSWERS = `cat >> "$(dirname "$0")/asked"
echo " $1" >> "$(dirname "$0")/asked"
echo '{"ServerURL":"x","Username":"helped","Secret":"s3cret"}'`;

/** A directory with helpers by name, and an environment in which they are found. */
export async function withHelpers(scripts: Readonly<Record<string, string>>, config: unknown = {}) {
  const files = Object.entries(scripts).map(
    ([name, script]) => [`docker-credential-${name}`, `#!/bin/sh\n${script}\n`] as const,
  );
  const directory = await testdir({ ...Object.fromEntries(files), 'config.json': JSON.stringify(config) });
  for (const [name] of files) await chmod(join(directory, name), 0o755);
  const PATH = `${directory}${delimiter}${process.env['PATH']}`;
  const env = { PATH, DOCKER_CONFIG: directory, HOME: directory };
  return { directory, env };
}
