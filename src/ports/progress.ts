/** The stages of a run that can be long. */
export type ProgressStage = 'inventory' | 'source' | 'proof' | 'copy' | 'snapshot' | 'repair';

/** The progress of a long run, for display only. */
export interface Progress {
  /** Begins a stage with a number of steps; 0 if the number is not known. */
  begin(stage: ProgressStage, steps: number): void;
  /** Steps of the current stage are done. */
  advance(steps?: number): void;
  /** The stage is over. */
  end(): void;
}
