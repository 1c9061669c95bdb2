/** The stages of a run that can be long. */
export type ProgressStage = 'inventory' | 'source' | 'proof' | 'copy' | 'snapshot' | 'repair';

/** Where a long run is. All of it is for display: nothing depends on it. */
export interface Progress {
  /** A stage begins that has so many steps; 0 where that shows only as it goes. */
  begin(stage: ProgressStage, steps: number): void;
  /** Steps of the current stage are done. */
  advance(steps?: number): void;
  /** The stage is over. */
  end(): void;
}
