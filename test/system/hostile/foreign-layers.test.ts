import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { image, layer, push } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { runWithReport } from '../../doubles/run-cip.ts';
import { scriptedServer } from '../../doubles/scripted-server.ts';
import { embedded, manifestFlag } from '../staging.ts';

const FOREIGN = [
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
];

describe('the urls of a descriptor (CVE-2020-15157, GHSA-742w-89gc-8m9c)', () => {
  it('are never opened, and no credentials go there, whatever the layer is called', async () => {
    const thief = await scriptedServer([]);
    const users = { alice: 'pw' };
    const from = await embedded({ auth: { kind: 'basic', users } });
    const to = await embedded({ auth: { kind: 'basic', users } });
    const config = layer('config');
    const present = layer('present');
    const absent = layer('absent');
    const urls = [`${thief.url}/layer`, `http://alice:pw@${thief.host}/layer`];
    const describe = (blob: typeof config, mediaType: string) => {
      return { mediaType, digest: blob.digest, size: blob.bytes.length, urls };
    };
    const bodies = {
      ...Object.fromEntries(FOREIGN.map((type, number) => [`foreign${number}`, [describe(absent, type)]])),
      ordinary: [describe(present, OCI_LAYER_GZIP)],
      missing: [describe(absent, OCI_LAYER_GZIP)],
    };
    const wanted = Object.entries(bodies).map(([name, layers]) => {
      const body = { mediaType: OCI_MANIFEST, config: describe(config, OCI_CONFIG), layers };
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }));
      from.store.putBlob(`from/${name}`, config.bytes, config.digest);
      from.store.putBlob(`from/${name}`, present.bytes, present.digest);
      from.store.putManifest(`from/${name}`, digestOf(bytes), OCI_MANIFEST, bytes);
      return [name, { [digestOf(bytes)]: ['v1'] }] as const;
    });
    const inner = push(from, 'from/index', image({ seed: 'inner' }));
    const child = { mediaType: OCI_MANIFEST, digest: inner, size: 1, urls };
    const gone = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('gone')), size: 1, urls };
    const index = (manifests: readonly unknown[]) => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
      from.store.putManifest('from/index', digestOf(bytes), OCI_INDEX, bytes);
      return digestOf(bytes);
    };
    const flag = await manifestFlag({
      from: `${from.host}/from`,
      to: [`${to.host}/to`],
      images: {
        ...Object.fromEntries(wanted),
        index: { [index([child])]: ['v1'], [index([child, gone])]: ['v2'] },
      },
    });
    const auth = Buffer.from('alice:pw').toString('base64');
    const auths = Object.fromEntries([from.host, to.host].map((host) => [host, { auth }]));
    const DOCKER_CONFIG = await testdir({ 'config.json': JSON.stringify({ auths }) });
    const { report } = await runWithReport([flag, '-confirm'], { env: { DOCKER_CONFIG } });
    const failed = report.items.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ destination }) => destination)).toEqual([
      `${to.host}/to/index:v2`,
      `${to.host}/to/missing:v1`,
    ]);
    expect(report.summary.copied).toBe(4);
    expect(Object.keys(report.hosts).toSorted()).toEqual([from.host, to.host].toSorted());
    expect(thief.connections).toBe(0);
    expect(thief.requests).toEqual([]);
  });
});
