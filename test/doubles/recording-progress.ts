import type { BlobProgress, ImageInFlight, ImageProgress, Progress } from '../../src/ports/progress.ts';

/** Progress that nobody looks at, but for a test: `inventory 3/4` for each stage. */
export class RecordingProgress implements Progress {
  readonly stages: string[] = [];
  /** `app:v1 at p.io: 512 of 512 sent` for each blob that has ended, in the order of their ends. */
  readonly blobs: string[] = [];
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

  beginImage({ name, host }: ImageInFlight): ImageProgress {
    return { beginBlob: (size) => this.#beginBlob(`${name} at ${host}`, size) };
  }

  #beginBlob(image: string, size: number): BlobProgress {
    let moved = 0;
    return {
      advance: (bytes) => {
        moved += bytes;
      },
      restart: () => {
        moved = 0;
      },
      end: (sent) => {
        this.blobs.push(`${image}: ${moved} of ${size}${sent ? ' sent' : ''}`);
      },
    };
  }
}
