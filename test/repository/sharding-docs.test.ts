import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { makePromotionOptions } from '../../src/cli/flags/options/promotion-options.ts';
import { parseCommandLine } from '../../src/cli/flags/parse-command-line.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../docs/sharding.md'), 'utf8');
const BLOCKS = Array.from(TEXT.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm), ([, language, text]) => ({
  language,
  text,
}));
const [kubernetes, cloudRun] = BLOCKS.filter(({ language }) => language === 'yaml').map(({ text }) =>
  load(text ?? ''),
);

/** The options of `cip` with these arguments in such a process. */
function optionsOf(args: readonly string[], env: Readonly<Record<string, string>>) {
  return makePromotionOptions({ ...parseCommandLine('cip', args), env });
}

/** The same, of whatever type the test takes it for: what it is not, the test runs into. */
function plain(document: unknown) {
  return JSON.parse(JSON.stringify(document));
}

/** A shell's words, where nothing is quoted, without what follows `#`. */
function words(line: string): string[] {
  return line.replace(/#.*/, '').trim().split(/\s+/);
}

describe('the examples of docs/sharding.md', () => {
  it('of Kubernetes is YAML of an Indexed Job whose pods are all the shards', () => {
    expect(kubernetes).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { completionMode: 'Indexed' },
    });
    const { spec }: JobOf<{ completions: number; template: PodOf }> = plain(kubernetes);
    const [container] = spec.template.spec.containers;
    expect(container?.command).toEqual(['cip']);
    const args = (container?.args ?? []).map((arg) => arg.replaceAll('$(JOB_COMPLETION_INDEX)', '3'));
    expect(optionsOf(args, { JOB_COMPLETION_INDEX: '3' })).toMatchObject({
      shard: { index: 3, count: spec.completions },
      report: '/reports/3.json',
      task: 'promotion',
    });
  });

  it('of Cloud Run is YAML of a job that needs no flag for its shards', () => {
    expect(cloudRun).toMatchObject({ apiVersion: 'run.googleapis.com/v1', kind: 'Job' });
    const { spec }: JobOf<{ template: { spec: { taskCount: number; template: PodOf } } }> = plain(cloudRun);
    const { taskCount, template } = spec.template.spec;
    const [container] = template.spec.containers;
    expect(container?.command).toEqual(['sh', '-c']);
    const [exec, program, ...args] = words(
      container?.args[0]?.replaceAll('$CLOUD_RUN_TASK_INDEX', '3') ?? '',
    );
    expect([exec, program]).toEqual(['exec', 'cip']);
    const env = { CLOUD_RUN_TASK_INDEX: '3', CLOUD_RUN_TASK_COUNT: String(taskCount) };
    expect(optionsOf(args, env)).toMatchObject({
      shard: { index: 3, count: taskCount },
      report: '/reports/3.json',
      task: 'promotion',
    });
  });

  it('of the shell are command lines that cip takes', () => {
    const lines = BLOCKS.filter(({ language }) => language === 'sh').flatMap(({ text }) =>
      (text ?? '').trim().split('\n'),
    );
    expect(lines).toHaveLength(4);
    for (const line of lines.slice(0, 3)) expect(optionsOf(words(line).slice(1), {}).shard?.count).toBe(3);
    expect(parseCommandLine('cip', words(lines[3] ?? '').slice(1)).operands).toEqual([
      '0.json',
      '1.json',
      '2.json',
    ]);
  });
});

interface JobOf<Spec> {
  readonly spec: Spec;
}

interface PodOf {
  readonly spec: {
    readonly containers: readonly { readonly command: readonly string[]; readonly args: readonly string[] }[];
  };
}
