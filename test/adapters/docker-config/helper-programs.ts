import { delimiter } from 'node:path';
import { programs } from '../../builders/programs.ts';
import { testdir } from '../../builders/testdir.ts';

/** Answers, and writes down what it was asked. */
export const ANSWERS = `cat >> "$(dirname "$0")/asked"
echo " $1" >> "$(dirname "$0")/asked"
echo '{"ServerURL":"x","Username":"helped","Secret":"s3cret"}'`;

/** A directory with helpers by name, and an environment in which they are found. */
export async function withHelpers(scripts: Readonly<Record<string, string>>, config: unknown = {}) {
  const directory = await testdir({ 'config.json': JSON.stringify(config) });
  const named = Object.entries(scripts).map(([name, script]) => [`docker-credential-${name}`, script]);
  await programs(directory, Object.fromEntries(named));
  const PATH = `${directory}${delimiter}${process.env['PATH']}`;
  const env = { PATH, DOCKER_CONFIG: directory, HOME: directory };
  return { directory, env };
}
