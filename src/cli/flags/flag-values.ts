/** Values by flag, in the order given; of a flag that is not repeatable the last one counts, as in Go. */
export class FlagValues {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Names of the flags that were given. */
  get names(): readonly string[] {
    return Array.from(this.#values.keys());
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  text(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  isGiven(name: string): boolean {
    return this.#values.has(name);
  }

  isOn(name: string): boolean {
    return this.text(name) === 'true';
  }
}
