import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { CronJob, Job } from 'kubernetes-models/batch/v1';
import { Container } from 'kubernetes-models/v1';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { makePromotionOptions } from '../../src/cli/flags/options/promotion-options.ts';
import { parseCommandLine } from '../../src/cli/flags/parse-command-line.ts';
import { repositoryRoot } from '../doubles/tools.ts';

// docs/ci: each example against its schema, and each command line against the parser.

const FOLDER = join(repositoryRoot(), 'docs/ci');

/** The kinds of the examples that Kubernetes has a schema for. */
const KINDS = {
  'cronjob.yaml': ['ICronJob', (value: unknown) => new CronJob(plain(value)).validate()],
  'indexed-job.yaml': ['IJob', (value: unknown) => new Job(plain(value)).validate()],
  'argo-cd-postsync.yaml': ['IJob', (value: unknown) => new Job(plain(value)).validate()],
} as const;

describe('docs/ci', () => {
  it.each(Object.entries(KINDS))('%s meets the schema of Kubernetes', (file, [, validate]) => {
    expect(() => validate(read(file))).not.toThrow();
  });

  it('no example has a field that Kubernetes does not know, which its schema would allow', () => {
    const texts = Object.entries(KINDS).map(([file, [type]]) => declare(type, read(file)));
    const misspelt = declare('IJob', { spec: { template: {}, completion: 8 } }); // so that the check is one
    expect(typeErrorsOf([...texts, misspelt].join('\n'))).toEqual([
      expect.stringContaining(`"completion"' does not exist in type 'IJobSpec'`),
    ]);
  });

  it.each([...Object.keys(KINDS), 'cloud-run-job.yaml'])('%s runs cip as a user would', (file) => {
    const containers = containersIn(read(file));
    expect(containers).toHaveLength(1);
    for (const { args = [] } of containers) expectPromotion(args);
  });

  it('pods have no privileges, and time to end with a report', () => {
    for (const file of Object.keys(KINDS)) {
      const pod = podIn(read(file));
      expect(pod.securityContext?.runAsNonRoot, file).toBe(true);
      expect(pod.terminationGracePeriodSeconds, file).toBeGreaterThanOrEqual(30);
      for (const { securityContext } of pod.containers) {
        expect(securityContext).toMatchObject({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
        });
      }
    }
  });

  it('indexed-job.yaml has as many shards as pods', () => {
    const { spec }: { spec: { completions: number } } = plain(read('indexed-job.yaml'));
    const [container] = containersIn(read('indexed-job.yaml'));
    expect(optionsOf(container?.args ?? [], { JOB_COMPLETION_INDEX: '3' }).shard).toEqual({
      index: 3,
      count: spec.completions,
    });
  });

  it('cloud-run-job.yaml (npm has no schema, so its structure is compared) has the structure of a job, and as many tasks at a time as tasks', () => {
    const job = read('cloud-run-job.yaml');
    expect(job).toEqual({
      apiVersion: 'run.googleapis.com/v1',
      kind: 'Job',
      metadata: { name: expect.any(String) },
      spec: {
        template: {
          spec: {
            parallelism: 4,
            taskCount: 4,
            template: {
              spec: {
                maxRetries: 1,
                timeoutSeconds: 7200,
                serviceAccountName: expect.stringContaining('@'),
                containers: [expect.anything()],
              },
            },
          },
        },
      },
    });
    for (const container of containersIn(job)) {
      expect(() => new Container({ name: 'cip', ...plain(container) }).validate()).not.toThrow();
    }
  });

  it('gitlab-ci.yml (npm has no schema, so its structure is compared) has known keywords, and jobs that extend a template', () => {
    const { stages, ...jobs }: Record<string, GitlabJob> = plain(read('gitlab-ci.yml'));
    expect(stages).toEqual(['promotion']);
    expect(Object.keys(jobs)).toEqual(['.cip', 'check', 'promote']);
    for (const job of Object.values(jobs)) {
      expect(Object.keys(job).filter((keyword) => !GITLAB_KEYWORDS.has(keyword))).toEqual([]);
    }
    const [check, promote] = [jobs['check'], jobs['promote']].map((job) => {
      const [program, ...args] = job?.script?.[0]?.split(' ') ?? [];
      expect(program).toBe('/cip');
      return optionsOf(args).task;
    });
    expect({ check, promote }).toEqual({ check: 'dry-run', promote: 'promotion' });
    expect(jobs['promote']?.resource_group).toBeDefined();
  });

  it('README.md names each example', () => {
    const text = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    const named = Array.from(text.matchAll(/\]\(([\w-]+\.ya?ml)\)/g), ([, file]) => file);
    const files = readdirSync(FOLDER).filter((file) => file !== 'README.md');
    expect(new Set(named)).toEqual(new Set(files));
  });
});

interface GitlabJob {
  readonly script?: readonly string[];
  readonly resource_group?: string;
}

/** @see https://docs.gitlab.com/ci/yaml/ */
const GITLAB_KEYWORDS = new Set([
  'stage',
  'image',
  'variables',
  'artifacts',
  'interruptible',
  'extends',
  'rules',
  'script',
  'resource_group',
  'timeout',
]);

interface Pod {
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: { readonly runAsNonRoot?: boolean };
  readonly containers: readonly { readonly args?: readonly string[]; readonly securityContext?: unknown }[];
}

/** The innermost `spec.containers` of a document. */
function podIn(document: unknown): Pod {
  const { spec }: { spec: Pod & Record<string, unknown> } = plain(document);
  return spec['containers'] === undefined ? podIn(spec['jobTemplate'] ?? spec['template']) : spec;
}

function containersIn(document: unknown): Pod['containers'] {
  return podIn(document).containers;
}

function expectPromotion(args: readonly string[]): void {
  const text = args.map((arg) => arg.replace('$(JOB_COMPLETION_INDEX)', '3'));
  expect(optionsOf(text, { JOB_COMPLETION_INDEX: '3' }).task).toBe('promotion');
}

function optionsOf(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const isSharded = args.some((arg) => arg.startsWith('-shard-count'));
  return makePromotionOptions({ ...parseCommandLine('cip', args), env: isSharded ? env : {} });
}

function read(file: string): unknown {
  return load(readFileSync(join(FOLDER, file), 'utf8'));
}

/** The same, of whatever type the test takes it for: what it is not, the test runs into. */
function plain(document: unknown) {
  return JSON.parse(JSON.stringify(document));
}

function declare(type: string, value: unknown): string {
  return `export const ${type}${declared++}: ${type} = ${JSON.stringify(value)};`;
}

let declared = 0;

/** What the compiler finds in a text that uses the types of Kubernetes. */
function typeErrorsOf(text: string): string[] {
  const file = join(repositoryRoot(), 'test/repository/ci-examples.generated.ts');
  const imports = `import type { ICronJob, IJob } from 'kubernetes-models/batch/v1';\n`;
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target, ...rest) =>
    name === file
      ? ts.createSourceFile(name, `${imports}${text}`, target)
      : readSource(name, target, ...rest);
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === file || exists(name);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
