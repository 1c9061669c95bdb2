// Covers src/checks/rules.ts

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbeddedRegistry, Fault } from '../../src/embedded-registry/embedded-registry.ts';
import type { Digest } from '../../src/image/digest.ts';
import { makeSimpleSigning } from '../../src/signature/simple-signing.ts';
import { makeStatement } from '../../src/signature/statement.ts';
import { blobsOf, type Content, image, layer, multiArch, push } from '../builders/images.ts';
import { cosignManifest, pushTag } from '../builders/signatures.ts';
import { testdir } from '../builders/testdir.ts';
import { runCip, runWithReport, temporaryDirectory } from '../doubles/run-cip.ts';
import { createSigstore, newKey } from '../doubles/sigstore.ts';
import {
  countKinds,
  embedded,
  imagesOf,
  manifestFlag,
  registriesOf,
  thinFiles,
  writesOf,
} from './staging.ts';

const P = 3;
const INDEX = multiArch('index', { platforms: P });
const IMAGE = image({ seed: 'image' });
const U = blobsOf(INDEX).length;

/** Takes a manifest or a blob away. */
function lose(registry: EmbeddedRegistry, name: string, digest: Digest): void {
  registry.store.deleteManifest(name, digest);
  registry.store.deleteBlob(name, digest);
}

/** An index and an image at a source that lacks something of the index; two destinations. */
async function world(lost: Digest | undefined, hosts: 'same' | 'other' = 'other') {
  const source = await embedded();
  const production = hosts === 'same' ? source : await embedded();
  push(source, 'staging/index', INDEX, 'v1');
  push(source, 'staging/image', IMAGE);
  if (lost !== undefined) lose(source, 'staging/index', lost);
  const flag = await manifestFlag({
    from: `${source.host}/staging`,
    to: [`${production.host}/prod`, `${production.host}/mirror`],
    images: {
      index: { [INDEX.manifest.digest]: ['v1'] },
      image: { [IMAGE.manifest.digest]: ['v1'] },
    },
  });
  source.clearRequests();
  return { source, production, flag };
}

const child = INDEX.children[1];
const LOST = [
  ['a child', child?.manifest.digest],
  ['a layer of a child', child?.blobs.at(-1)?.digest],
  ['the config of a child', child?.blobs[0]?.digest],
] as const;

describe.each(['same', 'other'] as const)(
  'an index whose source lacks something, on the %s host',
  (hosts) => {
    it.each(LOST)('%s: the dry run blocks the edges that the promotion fails at', async (_what, lost) => {
      const { source, production, flag } = await world(lost, hosts);
      const markdown = join(temporaryDirectory(), 'report.md');
      const dry = await runWithReport([flag, `-report-markdown=${markdown}`]);
      expect(dry.status).toBe(1);
      expect(dry.report.summary).toMatchObject({ edges: 4, copy: 2, blocked: 2 });
      const edges = ['mirror', 'prod'].map((name) => `${production.host}/${name}/index:v1`);
      const finding = {
        rule: 'incomplete-source',
        level: 'error',
        message: expect.stringContaining(`${lost}`),
        advice: expect.any(String),
        at: expect.stringMatching(/manifest\.yaml:\d+:\d+$/),
        edges,
      };
      expect(dry.report.findings).toEqual([finding]);
      const blocked = dry.report.items.filter(({ decision }) => decision === 'blocked');
      expect(blocked.map(({ destination }) => destination)).toEqual(edges);
      expect(blocked[0]).toMatchObject({
        outcome: 'not-attempted',
        reason: expect.stringMatching(`staging/index@.* is incomplete: .*${lost}.*\\[incomplete-source\\]`),
      });
      expect(dry.stderr).toMatch(
        /^ERROR {3}blocked .* is incomplete: .* \[incomplete-source\] \(.*manifest\.yaml:\d+:\d+\)$/m,
      );
      expect(readFileSync(markdown, 'utf8')).toMatch(
        /### Problems\n\n[^#]*- \*\*error\*\* .* is incomplete: .* \[incomplete-source\]\n {2}```\n/,
      );
      expect(writesOf(production)).toEqual([]);

      const { status, report } = await runWithReport([flag, '-confirm']);
      expect(status).toBe(1);
      expect(report.summary).toMatchObject({ copied: 2, failed: 2, blocked: 0 });
      expect(report.findings).toEqual([]);
      expect(source.openUploads + production.openUploads).toBe(0);
    });

    it('nothing: the dry run finds nothing', async () => {
      const { flag } = await world(undefined, hosts);
      const { status, report, stderr } = await runWithReport([flag]);
      expect(status, stderr).toBe(0);
      expect(report).toMatchObject({ findings: [], summary: { copy: 4, blocked: 0 } });
    });
  },
);

describe('a source that refuses HEAD of blobs', () => {
  it.each([401, 403, 405])('with %d: whole is proven whole, and what is missing is found', async (code) => {
    const whole = await world(undefined);
    whole.source.addFault(refusal(code));
    const { status, report, stderr } = await runWithReport([whole.flag]);
    expect(status, stderr).toBe(0);
    expect(report.findings).toEqual([]);

    const [, layer] = LOST[1];
    const torn = await world(layer);
    torn.source.addFault(refusal(code));
    const { report: found } = await runWithReport([torn.flag]);
    expect(found.findings).toMatchObject([{ level: 'error', message: expect.stringContaining(`${layer}`) }]);
    expect(found.summary).toMatchObject({ copy: 2, blocked: 2 });
  });

  function refusal(status: number): Fault {
    return { kind: 'blob-head', times: Number.POSITIVE_INFINITY, act: { kind: 'status', status } };
  }
});

describe('the requests of a proof', () => {
  async function dryRun(...flags: readonly string[]) {
    const { source, production, flag } = await world(undefined);
    production.clearRequests();
    await runWithReport([flag, ...flags]);
    return { source: countKinds(source), production: countKinds(production) };
  }

  it('are, of each digest, one for itself, for each child, for each blob and for each tag, at its source only', async () => {
    const without = await dryRun('-prove=none');
    const proven = await dryRun();
    expect(without.source).toEqual({ 'manifest-head': 2 });
    expect(proven.source).toEqual({
      'manifest-get': 2 + P,
      'blob-head': U + IMAGE.blobs.length,
      'manifest-head': 2, // tags
    });
    expect(proven.production).toEqual(without.production);
  });

  it('are none of a promotion, and none of what is promoted', async () => {
    const { source, flag } = await world(undefined);
    await runWithReport([flag, '-confirm']);
    expect(countKinds(source)['blob-head']).toBeUndefined();
    source.clearRequests();
    await runWithReport([flag, '-prove=all']);
    expect(countKinds(source)).toEqual({});
  });

  it('are none with -prove=none: the index is said to be copied', async () => {
    const { flag } = await world(child?.manifest.digest);
    const { status, report } = await runWithReport([flag, '-prove=none']);
    expect({ status, findings: report.findings }).toEqual({ status: 0, findings: [] });
  });
});

describe('a run with very many digests to copy', () => {
  it('proves none of them, and says so in one line', async () => {
    const registry = await embedded();
    const contents = Array.from({ length: 2_000 }, (_, number) => image({ seed: `${number}`, layers: [] }));
    for (const content of contents) push(registry, 'staging/app', content);
    const dmap = Object.fromEntries(contents.map(({ manifest }) => [manifest.digest, [] as string[]]));
    const flag = await manifestFlag({
      from: `${registry.host}/staging`,
      to: [`${registry.host}/prod`],
      images: { app: dmap },
    });
    registry.clearRequests();
    const { status, report, stderr } = await runWithReport([flag]);
    expect(status).toBe(0);
    expect(stderr.match(/^WARNING .*\[incomplete-source\]$/gm)).toEqual([
      expect.stringMatching(/2000 digests are to be copied.*-prove=all/),
    ]);
    expect(report.findings).toMatchObject([{ rule: 'incomplete-source', level: 'warn', at: '', edges: [] }]);
    expect(countKinds(registry)).toEqual({ tags: 1, 'manifest-head': 4_000 });
  });
});

describe('a tag that is another digest at the source', () => {
  it('is a warning: the exit code does not change', async () => {
    const { flag, source } = await mistaken(INDEX, child?.manifest.digest ?? '');
    const { status, report, stderr } = await runWithReport([flag]);
    expect(status).toBe(0);
    const message = `${source.host}/staging/app:v1 is the index ${INDEX.manifest.digest}, and ${child?.manifest.digest} is only one part of it`;
    expect(report.findings).toMatchObject([{ rule: 'source-tag', level: 'warn', message }]);
    expect(report.summary).toMatchObject({ copy: 1, blocked: 0 });
    expect(stderr).toContain(message);
  });

  async function mistaken(content: Content, digest: string) {
    const source = await embedded();
    push(source, 'staging/app', content, 'v1');
    const flag = await manifestFlag({
      from: `${source.host}/staging`,
      to: [`${source.host}/prod`],
      images: { app: { [digest]: ['v1'] } },
    });
    return { flag, source };
  }
});

describe('a project that requires signatures and provenance', () => {
  const KEY = newKey();

  async function projects() {
    const registry = await embedded();
    const names = ['strict', 'free'];
    for (const name of names) push(registry, `staging/${name}/app`, IMAGE);
    const manifestOf = (name: string) => ({
      from: `${registry.host}/staging/${name}`,
      to: [`${registry.host}/prod/${name}`],
      images: { app: { [IMAGE.manifest.digest]: ['v1', 'v2'] } },
    });
    const files = thinFiles(Object.fromEntries(names.map((name) => [name, manifestOf(name)])));
    const strict = 'manifests/strict/promoter-manifest.yaml';
    const spki = KEY.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const signers = `signers: ["key::${spki}"]`;
    const builders = 'builders: [{id: https://builder.example, level: 2}], sources: [github.com/o/app]';
    const text = `${files[strict]}signatures: {mode: require, ${signers}}\nprovenance: {mode: require, ${signers}, ${builders}}\n`;
    return { registry, flag: `-thin-manifest-dir=${await testdir({ ...files, [strict]: text })}` };
  }

  it.each([[[]], [['-confirm']]])('has its edges blocked, and all others are done: %j', async (flags) => {
    const { registry, flag } = await projects();
    const { status, report, stderr } = await runWithReport([flag, ...flags]);
    expect(status).toBe(1);
    expect(report.summary).toMatchObject({
      blocked: 2,
      copy: 2,
      copied: flags.length * 2,
      failed: 0,
      'not-attempted': 0,
    });
    const edges = [`${registry.host}/prod/strict/app:v1`, `${registry.host}/prod/strict/app:v2`];
    expect(report.findings).toMatchObject([
      { rule: 'provenance', level: 'error', message: expect.stringMatching(/it has no provenance/), edges },
      { rule: 'signatures', level: 'error', message: expect.stringMatching(/it has no signature/), edges },
    ]);
    expect(stderr).toMatch(
      /^ERROR .*staging\/strict\/app@.* violates the policy 'signatures' at manifests\/strict/m,
    );
    expect(registry.store.tags('prod/strict/app')).toEqual([]);
    expect(registry.store.tags('prod/free/app')).toEqual(flags.length > 0 ? ['v1', 'v2'] : []);
  });

  it('has its edges promoted with both', async () => {
    const { registry, flag } = await projects();
    const sigstore = await createSigstore({ hasCertificateLog: false });
    const { digest } = IMAGE.manifest;
    const provenance = {
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'x',
          externalParameters: { source: 'git+https://github.com/o/app.git' },
        },
        runDetails: { builder: { id: 'https://builder.example' } },
      },
    };
    const signing = await sigstore.simpleSigning(makeSimpleSigning({ dockerReference: 'x', digest }), KEY);
    const envelope = await sigstore.envelope(makeStatement([{ digest }], provenance), KEY);
    const at = { repository: 'staging/strict/app', image: IMAGE };
    pushTag(registry, { ...at, suffix: 'sig' }, cosignManifest([signing]));
    pushTag(registry, { ...at, suffix: 'att' }, cosignManifest([envelope]));
    const { status, report, stderr } = await runWithReport([flag, '-confirm', '-carry=accepted']);
    expect(status, stderr).toBe(0);
    expect(report.findings).toEqual([]);
    const tags = ['sig', 'att'].map((suffix) => `${digest.replace(':', '-')}.${suffix}`);
    expect(registry.store.tags('prod/strict/app').toSorted()).toEqual([...tags, 'v1', 'v2'].toSorted());
  });

  it('is checked by -parse-only without any request', async () => {
    const { registry, flag } = await projects();
    const { status, report } = await runWithReport([flag, '-parse-only']);
    expect(status).toBe(0);
    expect(report.findings).toEqual([]);
    expect(registry.requests).toEqual([]);
  });

  it('is in the merged report of shards once, with all of its edges', async () => {
    const { registry, flag } = await projects();
    const directory = temporaryDirectory();
    const files = [0, 1, 2].map((index) => join(directory, `${index}.json`));
    for (const [index, file] of files.entries()) await runCip([flag, `-shard=${index}/3`, `-report=${file}`]);
    const whole = await runWithReport([flag]);
    const merged = await runWithReport(['report', 'merge', ...files]);
    expect(merged.status).toBe(1);
    expect(merged.report.findings).toEqual(whole.report.findings);
    expect(merged.report.summary).toEqual(whole.report.summary);
    expect(merged.report.hosts[registry.host]?.edges).toEqual(whole.report.hosts[registry.host]?.edges);
    expect(merged.stderr).toMatch(/^ERROR {3}blocked .*\[signatures\].* \(.*images\.yaml:\d+:\d+\)$/m);
  });
});

describe('a misspelt destination', () => {
  it.each([['-parse-only'], ['-prove=none']])('is a warning with its place: %s', async (flag) => {
    const registry = await embedded();
    const to = ['us/widgets', 'eu/widgets', 'asia/widgts'].map((path) => `${registry.host}/${path}`);
    const text = `${registriesOf(`${registry.host}/staging`, to)}images:\n${imagesOf({ app: { [IMAGE.manifest.digest]: ['v1'] } })}`;
    for (const path of ['us/widgets', 'eu/widgets', 'asia/widgts'])
      push(registry, `${path}/app`, IMAGE, 'v1');
    const { status, report, stderr } = await runWithReport([await manifestFlag(text), flag]);
    expect(status, stderr).toBe(0);
    expect(report.findings).toEqual([
      {
        rule: 'destination-spelling',
        level: 'warn',
        message: `destination "${registry.host}/asia/widgts" is spelt unlike the others of this project`,
        advice: `did you mean "${registry.host}/asia/widgets"?`,
        at: expect.stringMatching(/manifest\.yaml:6:3$/),
        edges: [],
      },
    ]);
    expect(stderr.match(/\[destination-spelling\]/g)).toHaveLength(1);
  });
});

describe('-prove', () => {
  it('changed proves all there is to copy, and says why', async () => {
    const { flag } = await world(child?.manifest.digest);
    const { status, stderr } = await runCip([flag, '-prove=changed']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^WARNING .*-prove=changed: changed images are not known without/m);
    expect(stderr).toMatch(/is incomplete/);
  });

  it.each([
    ['-confirm', /^WARNING .*-prove has no effect with -confirm/m],
    ['-parse-only', /^WARNING .*-prove has no effect with -parse-only/m],
  ])('has no effect with %s, which is told', async (flag, words) => {
    const { flag: manifest } = await world(undefined);
    expect((await runCip([manifest, '-prove=all', flag])).stderr).toMatch(words);
  });

  it.each([
    ['-prove=some', /-prove is all, changed or none, not "some"/],
    ['-prove=', /-prove is all, changed or none, not ""/],
  ])('%s is refused', async (flag, words) => {
    const { status, stderr } = await runCip([await manifestFlag('registries: []\n'), flag]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(words) });
  });
});

describe('-max-image-size', () => {
  it.each([
    ['a dry run', []],
    ['a promotion', ['-confirm']],
  ])('blocks larger images in %s, and no others', async (_what, flags) => {
    const source = await embedded();
    const production = await embedded();
    const large = push(
      source,
      'staging/large',
      image({ seed: 'large', layers: [layer('large', 1_100_000)] }),
    );
    const small = push(source, 'staging/small', IMAGE);
    const flag = await manifestFlag({
      from: `${source.host}/staging`,
      to: [`${production.host}/prod`],
      images: { large: { [large]: ['v1'] }, small: { [small]: ['v1'] } },
    });
    const { status, report } = await runWithReport([flag, '-max-image-size=1', ...flags]);
    expect(status).toBe(1);
    expect(report?.summary).toMatchObject({ blocked: 1, copy: 1, copied: flags.length, failed: 0 });
    expect(report?.items.find(({ decision }) => decision === 'blocked')).toMatchObject({
      destination: `${production.host}/prod/large:v1`,
      reason: expect.stringMatching(/more than the limit of 1 MiB \[max-image-size\]$/),
    });
    expect(report?.findings).toMatchObject([{ rule: 'max-image-size', level: 'error' }]);
  });

  it.each(['0', '-1', '2GB', ''])('is a number of mebibytes, not %j', async (value) => {
    const { status, stderr } = await runCip(['-manifest=m.yaml', `-max-image-size=${value}`]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/-max-image-size is a number of mebibytes above zero, not/);
  });
});
