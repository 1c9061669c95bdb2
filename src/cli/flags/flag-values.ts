import type { FlagName } from './flags.ts';

/** What was given for each flag; of several values of one flag the last counts. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  text(name: FlagName): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  isGiven(name: FlagName): boolean {
    return this.#values.has(name);
  }

  isOn(name: FlagName): boolean {
    return this.text(name) === 'true';
  }
}
