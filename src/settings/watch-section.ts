import * as z from 'zod';

/** An empty list would match nothing. */
const Patterns = z.array(z.string().min(1)).min(1);

/** The tags of a staging registry to propose. */
export const WatchRule = z
  .strictObject({
    /** The directory of the project below `manifests/`. */
    project: z.string().min(1).optional(),
    /** The source registry of the project, instead of `project`. */
    staging: z.string().min(1).optional(),
    /** `*` is any text, `?` any one character. Default: all images. */
    images: Patterns.optional(),
    /** Tags, globs, or ranges of versions such as `>=1.30.0 <1.31`. */
    tags: Patterns,
  })
  .refine(({ project, staging }) => (project === undefined) !== (staging === undefined), {
    error: 'expected either project or staging',
  });
export type WatchRule = z.infer<typeof WatchRule>;

/** The section `watch`: the rules of `cip pr -watch`. */
export const WatchSection = z.array(WatchRule).min(1);
