/** Parameters of a property: the same universes every time, unless somebody looks for others by hand. */
export interface Runs {
  readonly seed: number;
  readonly numRuns: number;
}

/**
 * A property as CI runs it; by hand `PROPERTY_RUNS=10` runs it so many times as often, from a seed that is
 * `PROPERTY_SEED` or new each time. A failure prints its seed.
 */
export function runs({ seed, numRuns }: Runs, env: NodeJS.ProcessEnv = process.env): Runs {
  const times = Number(env['PROPERTY_RUNS'] ?? 1);
  if (times === 1 && env['PROPERTY_SEED'] === undefined) return { seed, numRuns };
  return { seed: Number(env['PROPERTY_SEED'] ?? Date.now() | 0), numRuns: numRuns * times };
}
