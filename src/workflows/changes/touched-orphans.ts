import type { VersionedFile } from '../../manifest/version-parser.ts';
import type { Problem } from '../../manifest/model.ts';

/**
 * Lists of images that belong to no project are a warning. One that a change touches is an error: its author expects
 * it to be promoted. `compare` is called with the files of each earlier state.
 */
export function refuseTouchedOrphans(problems: readonly Problem[]): {
  readonly files: readonly string[];
  readonly compare: (
    earlier: ReadonlyMap<string, VersionedFile>,
    readFile: (file: string) => Promise<Uint8Array>,
  ) => Promise<void>;
  readonly problems: () => readonly Problem[];
} {
  const files = problems.filter(({ rule }) => rule === 'orphan-images').map(({ at }) => at.file);
  const touched = new Set<string>();
  return {
    files,
    compare: async (earlier, readFile) => {
      for (const file of files) {
        const old = earlier.get(file);
        if (old === undefined || !Buffer.from(old.bytes).equals(await readFile(file))) touched.add(file);
      }
    },
    problems: () =>
      problems.map((problem) => (isTouched(problem, touched) ? { ...problem, severity: 'error' } : problem)),
  };
}

function isTouched({ rule, at }: Problem, touched: ReadonlySet<string>): boolean {
  return rule === 'orphan-images' && touched.has(at.file);
}
