// Covers src/attachments/read-blob.ts

import { expect, it } from 'vitest';
import { MAX_SIGNATURE_LAYERS, readSignatures } from '../../src/attachments/read-signatures.ts';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_EMPTY, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { BUNDLE, DSSE_ENVELOPE, LAYER_ANNOTATIONS, SIMPLE_SIGNING } from '../../src/signature/media-types.ts';
import { MAX_BUNDLE } from '../../src/signature/stored-signature.ts';
import { RegistryError } from '../../src/ports/registry-error.ts';
import { repository } from '../builders/manifests.ts';
import { MemoryRegistry } from '../doubles/memory-registry.ts';

interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of its descriptor. */
  readonly size?: number;
}

const REPOSITORY = 'host.example.com/app';
const PAYLOAD = Buffer.from('payload');
const SIGNED: Layer = {
  mediaType: SIMPLE_SIGNING,
  bytes: PAYLOAD,
  annotations: {
    [LAYER_ANNOTATIONS.signature]: 'c2ln',
    [LAYER_ANNOTATIONS.certificate]: 'certificate',
    [LAYER_ANNOTATIONS.chain]: 'chain',
    [LAYER_ANNOTATIONS.logEntry]: 'entry',
    [LAYER_ANNOTATIONS.timestamp]: 'time',
  },
};
const MATERIAL = { certificate: 'certificate', chain: 'chain', logEntry: 'entry', timestamp: 'time' };
const NO_MATERIAL = { certificate: undefined, chain: undefined, logEntry: undefined, timestamp: undefined };

function attach(layers: readonly Layer[]) {
  const config = { mediaType: OCI_EMPTY, digest: digestOf(Buffer.from('{}')), size: 2 };
  const described = layers.map(({ bytes, size = bytes.length, ...layer }) => ({
    ...layer,
    digest: digestOf(bytes),
    size,
  }));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: described }),
  );
  const manifest = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), bytes };
  const registry = new MemoryRegistry();
  const blobs = layers.map((layer) => ({
    mediaType: layer.mediaType,
    digest: digestOf(layer.bytes),
    bytes: layer.bytes,
  }));
  registry.push(REPOSITORY, { manifest, blobs, children: [] });
  return { registry, manifest };
}

function read({ registry, manifest }: ReturnType<typeof attach>, payloads = new Map()) {
  const request = { repository: repository(REPOSITORY), manifest, payloads };
  return readSignatures(registry, request, new AbortController().signal);
}

it('reads a bundle', async () => {
  const bytes = Buffer.from('bundle');
  expect(await read(attach([{ mediaType: BUNDLE, bytes }]))).toEqual({
    signatures: [{ kind: 'bundle', bytes }],
    ignored: [],
  });
});

it('reads the layers of .sig with their annotations', async () => {
  expect((await read(attach([SIGNED, { mediaType: SIMPLE_SIGNING, bytes: PAYLOAD }]))).signatures).toEqual([
    { kind: 'simple-signing', payload: PAYLOAD, signature: 'c2ln', ...MATERIAL },
    { kind: 'simple-signing', payload: PAYLOAD, signature: '', ...NO_MATERIAL },
  ]);
});

it('reads the layers of .att', async () => {
  const bytes = Buffer.from('envelope');
  const annotations = { ...SIGNED.annotations, [LAYER_ANNOTATIONS.signature]: '' };
  expect((await read(attach([{ mediaType: DSSE_ENVELOPE, bytes, annotations }]))).signatures).toEqual([
    { kind: 'envelope', bytes, ...MATERIAL },
  ]);
});

it('passes over other layers', async () => {
  const attached = attach([{ mediaType: 'text/spdx+json', bytes: PAYLOAD }]);
  expect(await read(attached)).toEqual({ signatures: [], ignored: [] });
  expect(attached.registry.count({ verb: 'open-blob' })).toBe(0);
});

it('reads a payload once, and a known one not at all', async () => {
  const attached = attach([SIGNED, SIGNED]);
  await read(attached);
  expect(attached.registry.count({ verb: 'open-blob' })).toBe(1);
  const known = await read(attached, new Map([[digestOf(PAYLOAD), PAYLOAD]]));
  expect(known.signatures).toHaveLength(2);
  expect(attached.registry.count({ verb: 'open-blob' })).toBe(1);
});

it.each([
  ['bundle', BUNDLE, MAX_BUNDLE + 1],
  ['envelope', DSSE_ENVELOPE, MAX_BUNDLE + 1],
  ['payload', SIMPLE_SIGNING, 64 * 1024 + 1],
])('does not read an oversized %s', async (_, mediaType, size) => {
  const attached = attach([{ mediaType, bytes: PAYLOAD, size }]);
  const { signatures, ignored } = await read(attached);
  expect(signatures).toEqual([]);
  expect(ignored).toEqual([expect.stringMatching(new RegExp(`: ${size} bytes; the limit is ${size - 1}$`))]);
  expect(attached.registry.count({ verb: 'open-blob' })).toBe(0);
});

it('reads a bounded number of layers', async () => {
  const { signatures, ignored } = await read(attach(Array.from({ length: 300 }, () => SIGNED)));
  expect(signatures).toHaveLength(MAX_SIGNATURE_LAYERS);
  expect(ignored).toHaveLength(300 - MAX_SIGNATURE_LAYERS);
});

it('a missing layer is an error of the registry', async () => {
  const attached = attach([SIGNED]);
  attached.registry.lose(REPOSITORY, digestOf(PAYLOAD));
  await expect(read(attached)).rejects.toThrow(RegistryError);
});
