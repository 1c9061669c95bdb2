import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { makePromotionOptions } from '../../src/cli/flags/options/promotion-options.ts';
import { parseCommandLine } from '../../src/cli/flags/parse-command-line.ts';
import { PROW_JOBS } from '../system/prow/jobs.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const IMAGE = 'registry.example.com/cip:v5.0.0';

function read(path: string): string {
  return readFileSync(join(DOCS, path), 'utf8');
}

/** A document of YAML, of whatever type the test takes it for: what it is not, the test runs into. */
function parse(text: string) {
  return JSON.parse(JSON.stringify(load(text)));
}

describe.each([
  ['presubmit', ({ presubmits }: Jobs) => presubmits?.['kubernetes/k8s.io']],
  ['postsubmit', ({ postsubmits }: Jobs) => postsubmits?.['kubernetes/k8s.io']],
  ['periodic', ({ periodics }: Jobs) => periodics],
])('docs/prow/%s.yaml', (type, jobsOf) => {
  const text = read(`prow/${type}.yaml`);

  it('runs a command line of the real jobs, which a test runs', () => {
    const [job, ...others] = jobsOf(parse(text)) ?? [];
    expect(others).toEqual([]);
    const real = PROW_JOBS.find(({ name }) => name === job?.name);
    const [container, ...sidecars] = job?.spec.containers ?? [];
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    expect(sidecars).toEqual([]);
    expect({ name: job?.name, type, env, command: container?.command, args: container?.args }).toEqual({
      env: {},
      ...real,
    });
  });

  it('differs from the job of today in the image alone, and says which one that was', () => {
    const changed = text.split('\n').filter((line) => line.includes('#'));
    expect(changed.map((line) => line.trim())).toEqual([
      `- image: ${IMAGE} # was registry.k8s.io/artifact-promoter/kpromo:v4.5.1-0`,
    ]);
  });
});

describe('docs/image.md', () => {
  const text = read('image.md');
  const blocks = (language: string) =>
    Array.from(
      text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
      ([, block = '']) => block,
    );

  it('has a CronJob whose containers are restricted, and whose arguments cip takes', () => {
    const [block = ''] = blocks('yaml');
    const { kind, spec }: CronJob = parse(block);
    expect(kind).toBe('CronJob');
    const pod = spec.jobTemplate.spec.template.spec;
    const [clone] = pod.initContainers;
    const [container] = pod.containers;
    for (const one of [clone, container]) {
      expect(one).toMatchObject({ image: IMAGE, securityContext: { readOnlyRootFilesystem: true } });
    }
    const volumes = container?.volumeMounts.map(({ mountPath }) => mountPath);
    expect(volumes).toEqual([clone?.command.at(-1), '/var/tmp']);
    expect(pod.volumes.map(({ name }) => name)).toEqual(container?.volumeMounts.map(({ name }) => name));
    expect(optionsOf(container?.args ?? [])).toMatchObject({
      task: 'promotion',
      where: { directory: '/manifests' },
    });
  });

  it('runs docker with arguments that cip takes', () => {
    const lines = blocks('sh').filter((block) => block.startsWith('docker run '));
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      const [, args = ''] = line.split(IMAGE);
      expect(optionsOf(args.trim().split(' '))).toMatchObject({ where: { directory: '/work' } });
    }
  });

  it('names the arguments of the Dockerfile', () => {
    const dockerfile = readFileSync(join(DOCS, '../Dockerfile'), 'utf8');
    const names = Array.from(dockerfile.matchAll(/^ARG (\w+)=/gm), ([, name = '']) => name);
    for (const name of new Set(names)) expect(text).toContain(`\`${name}\``);
    expect(dockerfile).toContain('node:24.');
  });
});

function optionsOf(args: readonly string[]) {
  return makePromotionOptions({ ...parseCommandLine('cip', args), env: {} });
}

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Job {
  readonly name: string;
  readonly spec: { readonly containers: readonly Container[] };
}

interface Jobs {
  readonly presubmits?: Readonly<Record<string, readonly Job[]>>;
  readonly postsubmits?: Readonly<Record<string, readonly Job[]>>;
  readonly periodics?: readonly Job[];
}

interface CronJob {
  readonly kind: string;
  readonly spec: {
    readonly jobTemplate: {
      readonly spec: {
        readonly template: {
          readonly spec: {
            readonly initContainers: readonly Container[];
            readonly containers: readonly Container[];
            readonly volumes: readonly { readonly name: string }[];
          };
        };
      };
    };
  };
}
