import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { image } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { runCip, temporaryDirectory } from '../../doubles/run-cip.ts';
import { deliver, rawAnswer, type ScriptedAnswer } from '../../doubles/scripted-server.ts';
import { manifestFlag } from '../staging.ts';

const { manifest } = image({ seed: 'injection' });
/** Begins a line where a line is forged. */
const FORGED = 'INFO    run finished';
const BODY_TRICKS = [
  `\n${FORGED}`,
  `\r${FORGED}`,
  `\r\n${FORGED}`,
  `\u001b[2K\u001b[1A${FORGED}`,
  `\u001b]8;;http://evil.test\u0007link\u001b]8;;\u0007`,
  `\u009b31m${FORGED}`,
  `\u0085${FORGED}`,
  `\u2028${FORGED}\u2029`,
  `\u202e${FORGED}\u202c`,
  `\u2066${FORGED}\u2069`,
  `\u0000\u0008\u007f`,
  `x|y|z <img src=x onerror=y> \`code\` [a](javascript:b) <!--`,
];
const ALL_TRICKS = BODY_TRICKS.join(' ');
/** What a header may hold, byte for byte. */
const HEADER_TRICKS = '\u001b[2K\u009b31m\u0085\u0008 \t |x| <b>';

// oxlint-disable-next-line no-control-regex -- control characters are what it is for
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

type Answer = (request: { readonly line: string }, url: string) => ScriptedAnswer;

const error = (message: string) => JSON.stringify({ errors: [{ code: message, message, detail: message }] });
const json = { 'content-type': 'application/json' };
const head = (status: string, ...headers: readonly string[]): ScriptedAnswer => ({
  raw: rawAnswer([`HTTP/1.1 ${status}`, 'content-length: 0', ...headers], ''),
  ending: 'close',
});

const PLACES: Readonly<Record<string, Answer>> = {
  'error bodies': () => ({ status: 403, headers: json, body: error(ALL_TRICKS) }),
  'error bodies of no type': () => ({ status: 400, body: ALL_TRICKS }),
  'error bodies in HTML': () => ({ status: 418, body: `<html>${ALL_TRICKS}</html>` }),
  'the words of a status': () => head(`403 ${HEADER_TRICKS}`),
  challenges: () =>
    head('401 No', `www-authenticate: Bearer realm="${HEADER_TRICKS}",service="${HEADER_TRICKS}"`),
  'the scheme of a challenge': () => head('401 No', `www-authenticate: ${HEADER_TRICKS}`),
  'realms that are URLs': (_, url) =>
    head('401 No', `www-authenticate: Bearer realm="${url}/${encodeURIComponent(ALL_TRICKS)}"`),
  'what a token service says': ({ line }, url) =>
    line.includes('/token')
      ? { status: 400, headers: json, body: error(ALL_TRICKS) }
      : { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
  tokens: ({ line }, url) =>
    line.includes('/token')
      ? { status: 200, headers: json, body: JSON.stringify({ token: ALL_TRICKS }) }
      : { status: 401, headers: { 'www-authenticate': `Bearer realm="${url}/token"` } },
  redirects: () => head('307 Go', `location: ${HEADER_TRICKS}`),
  'redirects to URLs': (_, url) => head('307 Go', `location: ${url}/${encodeURIComponent(ALL_TRICKS)}`),
  'redirects to other schemes': () => head('307 Go', `location: javascript:${HEADER_TRICKS}`),
  digests: () => head('200 OK', `docker-content-digest: ${HEADER_TRICKS}`),
  'media types': () =>
    head('200 OK', `content-type: ${HEADER_TRICKS}`, `docker-content-digest: ${manifest.digest}`),
  'times to wait': () => head('503 Later', `retry-after: ${HEADER_TRICKS}`),
  'answers that are no HTTP': () => ({ raw: `${ALL_TRICKS}\r\n\r\n`, ending: 'close' }),
};

/** `127.0.0.1:PORT` of a server for the running test that answers every request so. */
async function serverThat(answer: Answer): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    deliver(outgoing, answer({ line: `${incoming.method} ${incoming.url}` }, `http://${host}`));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return host;
}

/** All that a run leaves behind: what it says in both formats, and its reports. */
async function allOutput(flag: string, env: Record<string, string> = {}): Promise<string> {
  let all = '';
  for (const format of ['text', 'json']) {
    const cwd = temporaryDirectory();
    const flags = [
      flag,
      '-log-level=debug',
      `-log-format=${format}`,
      '-report=r.json',
      '-report-markdown=r.md',
    ];
    const { stdout, stderr } = await runCip([...flags, '-report-all', '-confirm'], { cwd, env });
    const reports = ['r.json', 'r.md'].map((name) => readFileSync(join(cwd, name), 'utf8'));
    all += [stdout, stderr, ...reports].join('\n');
  }
  return all;
}

function expectHarmless(output: string): void {
  expect(UNPRINTABLE.exec(output.replaceAll('\n', ''))?.input.slice(0, 300)).toBeUndefined();
  expect(output.split('\n').filter((line) => line.startsWith(FORGED))).toEqual([]);
  expect(output).not.toMatch(/^\|.*<img/m); // of the Markdown, which is HTML as well
}

describe('a registry forges no line of the log, and none of a report', () => {
  it.each(Object.entries(PLACES))('by %s', async (_place, answer) => {
    const host = await serverThat(answer);
    const output = await allOutput(
      await manifestFlag({
        from: `${host}/from`,
        to: [`${host}/to`],
        images: { app: { [manifest.digest]: ['v1'] } },
      }),
    );
    expect(output).toMatch(/unreadable|failed|lost/);
    expectHarmless(output);
  });
});

describe('a listing forges nothing', () => {
  it('by the names of its tags and repositories', async () => {
    const host = await serverThat(({ line }) =>
      line.includes('tags/list')
        ? { status: 200, headers: json, body: JSON.stringify({ name: ALL_TRICKS, tags: BODY_TRICKS }) }
        : { status: 404, body: '' },
    );
    const digests = Object.fromEntries([[manifest.digest, ['v1', 'v2', 'v3']]]);
    const flag = await manifestFlag({ from: `${host}/from`, to: [`${host}/to`], images: { app: digests } });
    const output = await allOutput(flag);
    expect(output).toMatch(/lost/);
    expectHarmless(output);
  });
});

describe('a credential helper forges nothing', () => {
  it.each([
    ['says', 'exit 1', ''],
    ['says and answers with no JSON', 'exit 0', ''],
    ['says on its standard error', 'exit 1', '>&2'],
  ])('by what it %s', async (_how, end, where) => {
    const host = await serverThat(() => ({
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="x"' },
      body: '',
    }));
    const directory = await testdir({
      words: ALL_TRICKS.replaceAll('\0', ''),
      'config.json': JSON.stringify({ credHelpers: { [host]: 'x' } }),
    });
    const helper = join(directory, 'docker-credential-x');
    writeFileSync(helper, `#!/bin/sh\ncat "${directory}/words" ${where}\n${end}\n`);
    chmodSync(helper, 0o755);
    const images = { app: { [manifest.digest]: ['v1'] } };
    const flag = await manifestFlag({ from: `${host}/from`, to: [`${host}/to`], images });
    const PATH = `${directory}:${process.env['PATH']}`;
    const output = await allOutput(flag, { DOCKER_CONFIG: directory, PATH });
    expect(output).toContain('docker-credential-x');
    expectHarmless(output);
  });
});

describe('a manifest forges nothing', () => {
  it('by its names, digests and tags', async () => {
    const text = JSON.stringify({
      registries: [
        { name: 'a.test/from', src: true },
        { name: ALL_TRICKS, 'service-account': ALL_TRICKS },
      ],
      images: BODY_TRICKS.map((name) => ({ name, dmap: { [name]: [name], [manifest.digest]: [name] } })),
      [ALL_TRICKS]: ALL_TRICKS,
    });
    const directory = await testdir({ [`manifest.yaml`]: text });
    const { stderr, stdout } = await runCip(['-manifest=manifest.yaml', '-log-level=debug'], {
      cwd: directory,
    });
    expect(stderr).toContain('manifest.yaml');
    expectHarmless(stderr + stdout);
  });
});

describe('a manifest directory forges nothing', () => {
  it.each(['text', 'json'])('by the names of its directories, in %s', async (format) => {
    // no longer than names may be
    const name = BODY_TRICKS.map((trick) => trick.replace(FORGED, 'INFO  x'))
      .join('')
      .replace(/[\0/]/g, '')
      .slice(0, 160);
    const wants = (digest: string) =>
      `- name: app\n  dmap: {"sha256:${digest.repeat(64)}": [v1]}\n- name: "!"\n`;
    const registries = 'registries:\n- name: a.test/from\n  src: true\n- name: b.test/to\n';
    const directory = await testdir({
      [`manifests/${name}/promoter-manifest.yaml`]: registries,
      [`images/${name}/images.yaml`]: wants('a'),
      'manifests/other/promoter-manifest.yaml': registries,
      'images/other/images.yaml': wants('b'),
      [`manifests/${name}2/OWNERS`]: '',
    });
    const flags = [
      '-parse-only',
      `-log-format=${format}`,
      '-log-level=debug',
      '-report=r.json',
      '-report-markdown=r.md',
    ];
    const cwd = temporaryDirectory();
    const { stderr, stdout } = await runCip([`-thin-manifest-dir=${directory}`, ...flags], { cwd });
    const reports = ['r.json', 'r.md'].map((file) => readFileSync(join(cwd, file), 'utf8'));
    expect(stderr).toContain('conflict');
    expectHarmless([stdout, stderr, ...reports].join('\n').replaceAll('INFO  x', FORGED));
  });
});
