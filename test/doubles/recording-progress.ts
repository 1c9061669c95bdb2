import type { Progress } from '../../src/ports/progress.ts';

/** Progress that nobody looks at, but for a test: `inventory 3/4` for each stage. */
export class RecordingProgress implements Progress {
  readonly stages: string[] = [];
  #current = { stage: '', steps: 0, done: 0 };

  begin(stage: 'inventory' | 'source' | 'copy', steps: number): void {
    this.#current = { stage, steps, done: 0 };
  }

  advance(steps = 1): void {
    this.#current.done += steps;
  }

  end(): void {
    const { stage, steps, done } = this.#current;
    this.stages.push(`${stage} ${done}/${steps}`);
  }
}
