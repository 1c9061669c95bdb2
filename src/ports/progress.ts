/** The stages of a run that can be long. */
export type ProgressStage = 'inventory' | 'source' | 'copy';

/** Where a long run is. All of it is for display: nothing depends on it. */
export interface Progress {
  /** A stage begins that has so many steps. */
  begin(stage: ProgressStage, steps: number): void;
  /** Steps of the current stage are done. */
  advance(steps?: number): void;
  /** The stage is over. */
  end(): void;
}
