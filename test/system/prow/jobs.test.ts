import { describe, expect, it } from 'vitest';
import { fakeGoogle } from '../../adapters/google/fake-google.ts';
import { push } from '../../builders/images.ts';
import { FakeClock } from '../../doubles/fake-clock.ts';
import { runCip } from '../../doubles/run-cip.ts';
import { startRecordingProxy } from '../hostile/recording-proxy.ts';
import { embedded, writesOf } from '../staging.ts';
import { ACCOUNT, cloneAsProw, NEW, OLD, PRODUCTION, REGIONS, SOURCE } from './clones.ts';
import { PROW_JOBS, type ProwJob } from './jobs.ts';

it.each(PROW_JOBS.filter(({ refused }) => refused === undefined))('$name runs', async (job) => {
  const { run, production } = await runJob(job);
  expect(run.status, run.stderr).toBe(0);
  const isConfirmed = job.args.includes('--confirm');
  for (const { store } of production) {
    expect(store.resolveTag(`${PRODUCTION}/app`, 'v2')).toBe(isConfirmed ? NEW.manifest.digest : undefined);
  }
  if (!isConfirmed) expect(production.flatMap(writesOf)).toEqual([]);
  expect(run.stderr).not.toMatch(/certificate-/);
});

it.each(
  PROW_JOBS.flatMap((job) =>
    job.refused === undefined ? [] : [{ name: job.name, job, refusal: job.refused }],
  ),
)('$name is refused in words', async ({ job, refusal }) => {
  const { run, production } = await runJob(job);
  expect(run.status).toBe(2);
  expect(run.stderr).toMatch(refusal);
  expect(production.flatMap(writesOf)).toEqual([]);
});

describe('the jobs', () => {
  it('may have a flag of the program before the command, too', async () => {
    const { run } = await runJob({
      name: 'a dry run',
      type: 'periodic',
      command: ['/kpromo', '--log-level=debug'],
      args: ['cip', '--thin-manifest-dir=/home/prow/go/src/github.com/kubernetes/k8s.io/registry.k8s.io'],
    });
    expect(run.status, run.stderr).toBe(0);
  });
});

/** Runs the container of a job. A proxy plays the registries of Google, another server its metadata server. */
async function runJob(job: ProwJob) {
  const staging = await embedded();
  const production = await Promise.all(REGIONS.map(() => embedded()));
  for (const [image, tag] of [
    [OLD, 'v1'],
    [NEW, 'v2'],
  ] as const)
    push(staging, `${SOURCE}/app`, image, tag);
  for (const registry of production) push(registry, `${PRODUCTION}/app`, OLD, 'v1');
  const addresses = new Map([
    ['gcr.io', staging.host],
    ...production.map(({ host }, index) => [REGIONS[index] ?? '', host] as const),
  ]);
  const proxy = await startRecordingProxy((host) => addresses.get(host) ?? '127.0.0.1:1');
  const google = await fakeGoogle(new FakeClock());
  google.behaviour.email = ACCOUNT;
  const { home, base } = await cloneAsProw();
  const [, ...before] = job.command;
  const run = await runCip(
    [...before, ...job.args].map((arg) => arg.replace('/home/prow', home)),
    {
      program: 'kpromo',
      env: {
        ...job.env,
        JOB_NAME: job.name,
        JOB_TYPE: job.type,
        ...(job.type === 'presubmit' ? { PULL_BASE_SHA: base } : {}),
        // the stand-ins: the command line names real hosts, and stays as it is
        HTTP_PROXY: `http://${proxy.host}`,
        NO_PROXY: '127.0.0.1',
        CIP_PLAIN_HTTP: Array.from(addresses.keys()).join(' '),
        GCE_METADATA_HOST: google.host,
        METADATA_SERVER_DETECTION: 'assume-present',
        CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINERANALYSIS: google.url,
      },
    },
  );
  return { run, production };
}
