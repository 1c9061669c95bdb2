import * as z from 'zod';

const Globs = z.array(z.string().min(1)).min(1);

/** One rule: the tags of a staging registry that are proposed. */
export const WatchRule = z
  .strictObject({
    /** The directory of the project below `manifests/`. */
    project: z.string().min(1).optional(),
    /** In place of `project`: its source registry. */
    staging: z.string().min(1).optional(),
    /** `*` is any text, `?` any one character. Default: all images. */
    images: Globs.optional(),
    /** Tags, globs, or ranges of versions such as `>=1.30.0 <1.31`. */
    tags: Globs,
  })
  .refine(({ project, staging }) => (project === undefined) !== (staging === undefined), {
    error: 'expected either project or staging',
  });
export type WatchRule = z.infer<typeof WatchRule>;

/** The section `watch`: the rules of `cip pr -watch`. */
export const WatchSection = z.array(WatchRule).min(1);
