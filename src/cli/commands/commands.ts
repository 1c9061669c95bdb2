import { MERGE_FLAGS } from '../flags/flag-spec.ts';
import { UsageError } from '../flags/usage-error.ts';
import type { CipCommand, ProgramName } from './command.ts';

const promotionHelp = async (program: ProgramName, flags: 'common' | 'all') =>
  (await import('../flags/help/usage.ts')).renderUsage(program, flags);

/** What the programs can do: an entry for each command. Those of `cip` are those of `kpromo cip` as well. */
export const COMMANDS: readonly CipCommand[] = [
  {
    words: { cip: [''], kpromo: [''] },
    run: async (call) => {
      const { isSnapshot, makeSnapshotOptions } = await import('../flags/options/snapshot-options.ts');
      if (isSnapshot(call)) {
        const options = makeSnapshotOptions(call.program, call);
        const { runSnapshot } = await import('./run-snapshot.ts');
        return runSnapshot(options, call.stdio, call.env);
      }
      const { makePromotionOptions } = await import('../flags/options/promotion-options.ts');
      const options = makePromotionOptions(call, call.env);
      const { runCip } = await import('./run-cip.ts');
      return runCip(options, call.stdio, call.env);
    },
    help: promotionHelp,
  },
  {
    words: { cip: ['version'], kpromo: ['version'] },
    run: async ({ stdio, values }) => {
      const { printVersion, printVersionJson } = await import('../output/version.ts');
      return values.get('json')?.at(-1) === 'true' ? printVersionJson(stdio) : printVersion(stdio);
    },
    help: promotionHelp,
  },
  {
    words: { cip: ['audit'], kpromo: [] },
    run: async () => {
      throw new UsageError('not built yet: audit');
    },
    help: promotionHelp,
  },
  {
    words: { cip: ['verify'], kpromo: [] },
    run: async (call) => {
      const { makeVerifyOptions } = await import('../flags/options/verify-options.ts');
      const options = makeVerifyOptions(call, call.env);
      const { runVerify } = await import('./run-verify.ts');
      return runVerify(options, call.stdio, call.env);
    },
    help: async (program) => (await import('../flags/help/command-usage.ts')).renderVerifyUsage(program),
  },
  {
    words: { cip: ['diff'], kpromo: [] },
    takesOperands: true,
    run: async (call) => {
      const { makeDiffOptions } = await import('../flags/options/diff-options.ts');
      const options = makeDiffOptions(call);
      const { runDiff } = await import('./run-diff.ts');
      return runDiff(options, call.stdio, call.env);
    },
    help: async (program) => (await import('../flags/help/command-usage.ts')).renderDiffUsage(program),
  },
  {
    words: { cip: ['report merge'], kpromo: [] },
    flags: MERGE_FLAGS,
    takesOperands: true,
    run: async (call) => (await import('./run-report-merge.ts')).runReportMerge(call),
    help: async (program) => (await import('../flags/help/command-usage.ts')).renderMergeUsage(program),
  },
];
