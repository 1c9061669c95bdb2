import { formatPosition } from '../../src/base/position.ts';
import type { Problem, PromoterManifest, ReadManifests } from '../../src/manifest/model.ts';
import { parsePlain } from '../../src/manifest/parse-manifest.ts';
import { readManifests } from '../../src/manifest/read-manifests.ts';
import { SourceFile } from '../../src/manifest/source-file.ts';

/** A well-formed digest of one repeated hex digit. */
export function digest(digit: string): string {
  return `sha256:${digit.repeat(64)}`;
}

export const REGISTRIES = `registries:
- name: gcr.io/staging
  src: true
- name: us.gcr.io/prod
`;

export interface Parsed {
  readonly manifest: PromoterManifest | undefined;
  readonly problems: readonly Problem[];
}

export function parse(text: string): Parsed {
  const source = new SourceFile('m.yaml', text);
  const { manifest } = parsePlain(source);
  return { manifest, problems: source.problems };
}

/** Images as `name: digit=tag,tag digit=`, so that a test can say them in one line. */
export function imagesOf(manifest: PromoterManifest | undefined): readonly string[] | undefined {
  return manifest?.images.map(({ name, digests }) => {
    const entries = digests.map(
      ({ digest, tags }) => `${digest.slice(7, 8)}=${tags.map(({ tag }) => tag).join(',')}`,
    );
    return `${name}: ${entries.join(' ')}`;
  });
}

/** Problems as `line:column rule`. */
export function placesOf(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ at, rule }) => `${at.line}:${at.column} ${rule}`);
}

/** Problems as `file:line:column severity rule`. */
export function summaryOf(problems: readonly Problem[]): readonly string[] {
  return problems.map(({ at, rule, severity }) => `${formatPosition(at)} ${severity} ${rule}`);
}

export function readThin(directory: string): Promise<ReadManifests> {
  return readManifests({ kind: 'thin', directory }, new AbortController().signal);
}

export function readPlain(file: string): Promise<ReadManifests> {
  return readManifests({ kind: 'plain', file }, new AbortController().signal);
}
