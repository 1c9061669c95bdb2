/** The stages of a run that can be long. */
export type ProgressStage =
  | 'inventory'
  | 'source'
  | 'proof'
  | 'copy'
  | 'carry'
  | 'snapshot'
  | 'sign'
  | 'repair'
  | 'review'
  | 'scan';

/** The progress of a long run, for display only. */
export interface Progress {
  /** Begins a stage with a number of steps; 0 if the number is not known. */
  begin(stage: ProgressStage, steps: number): void;
  /** Steps of the current stage are done. */
  advance(steps?: number): void;
  /** The stage is over. */
  end(): void;
  /** The copy of an image to one repository begins. */
  beginImage(image: ImageInFlight): ImageProgress;
}

/** An image that is copied to one repository. */
export interface ImageInFlight {
  /** Last component of the repository's name, with a tag: `app:v1.0`. */
  readonly name: string;
  /** The host of the destination. */
  readonly host: string;
}

export interface ImageProgress {
  /** A blob that the destination lacks is about to be sent. `size` is in bytes, 0 if it is unknown. */
  beginBlob(size: number): BlobProgress;
}

export interface BlobProgress {
  /** More bytes of the blob have been sent. */
  advance(bytes: number): void;
  /** A new attempt sends the blob from its first byte. */
  restart(): void;
  /** The destination has the blob, or will not get it. `sent` is false if it failed, or turned out to be mounted. */
  end(sent: boolean): void;
}
