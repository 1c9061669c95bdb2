// Covers src/cli/runtime/extra-images.ts
// Covers src/cli/runtime/sender-auth.ts
// Covers src/cli/commands/run/run-audit-serve.ts
import { rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digest } from '../../builders/manifests.ts';
import { image, multiArch, push as pushTo } from '../../builders/images.ts';
import { testdir } from '../../builders/testdir.ts';
import { runCip } from '../../doubles/run-cip.ts';
import { CLOSED_HOST, embedded, plainManifest, thinFiles } from '../staging.ts';
import { startAuditor } from './running-auditor.ts';

const A = digest('a');
const B = digest('b');
const PROD = 'us.gcr.io/prod/a';
const APP = `${PROD}/app`;

/** A directory of thin manifests with one project. */
async function manifestsFrom(
  source: string,
  dmap: Readonly<Record<string, readonly string[]>> = { [A]: ['v1'] },
  destination = PROD,
) {
  return await testdir(
    thinFiles({ a: { from: source, to: [destination, 'eu.gcr.io/prod/a'], images: { app: dmap } } }),
  );
}

/** The change in the words of the original. */
function payload(fqin: string, tag = ''): string {
  const [path = '', name = ''] = fqin.split('@');
  const pqin = tag === '' ? '' : `${path}:${tag}`;
  return `{Action: "INSERT", FQIN: "${fqin}", PQIN: "${pqin}", Path: "${path}", Digest: "${name}", Tag: "${tag}"}`;
}

describe('cip-auditor --path=DIR --no-auth', () => {
  it('has the verdicts of the original', async () => {
    const registry = await embedded();
    const [source, prod] = [`${registry.host}/staging`, `${registry.host}/prod`];
    const auditor = await startAuditor([
      `--path=${await manifestsFrom(source, { [A]: ['v1'] }, prod)}`,
      '--no-auth',
    ]);
    const { push } = auditor;
    const app = `${prod}/app`;
    const [good, other] = [`${app}@${A}`, `${app}@${B}`];
    expect(await push({ digest: good, tag: `${app}:v1` })).toBe(
      `200 (ID) TRANSACTION VERIFIED: ${payload(good, 'v1')}: agrees with manifest\n`,
    );
    expect(await push({ digest: good })).toBe(
      `200 (ID) TRANSACTION VERIFIED: ${payload(good)}: agrees with manifest\n`,
    );
    expect(await push({ tag: `${app}:v1` })).toMatch(/^200 \(ID\) TRANSACTION VERIFIED: /);
    expect(await push({ digest: good, tag: `${app}:v2` })).toBe(
      `200 (ID) TRANSACTION REJECTED: ${payload(good, 'v2')}: could not validate`,
    );
    expect(await push({ digest: other })).toBe(
      `200 (ID) TRANSACTION REJECTED: ${payload(other)}: could not validate`,
    );
    expect(await push({ digest: `gcr.io/other/app@${A}` })).toBe(
      `200 (ID) TRANSACTION REJECTED: could not find matching source registry for gcr.io/other/app@${A}`,
    );
    expect(await push({ tag: `${app}:v9` })).toBe(
      '200 (ID) TRANSACTION REJECTED: digest missing from payload --- cannot check parent digest: ',
    );
    expect(await push({ action: 'DELETE', digest: good })).toBe(
      `200 (ID) TRANSACTION REJECTED: validation failure: ${payload(good).replace('INSERT', 'DELETE')}: deletions are prohibited`,
    );
    expect(await auditor.post('nothing that parses')).toMatch(
      /^200 \(ID\) TRANSACTION REJECTED: parse failure: json\.Unmarshal \(request body\): /,
    );
  });

  it('accepts children of promoted indexes at any depth, and tags on them only if a manifest allows them', async () => {
    const registry = await embedded();
    const inner = multiArch('inner', { platforms: 2 });
    const index = pushTo(registry, 'staging/app', inner, 'v1');
    const unpromoted = multiArch('unpromoted', { platforms: 2 });
    pushTo(registry, 'staging/app', unpromoted, 'v2');
    const [source, prod] = [`${registry.host}/staging`, `${registry.host}/prod`];
    const path = await manifestsFrom(source, { [index]: ['v1'] }, prod);
    const { push } = await startAuditor([`--path=${path}`, '--no-auth']);
    const app = `${prod}/app`;
    const [child] = inner.children.map(({ manifest }) => manifest.digest);
    const [stranger] = unpromoted.children.map(({ manifest }) => manifest.digest);
    expect(await push({ digest: `${app}@${child}` })).toBe(
      `200 (ID) TRANSACTION VERIFIED: ${payload(`${app}@${child}`)}: agrees with manifest (parent digest ${index})\n`,
    );
    expect(await push({ digest: `${app}@${child}`, tag: `${app}:amd64` })).toMatch(
      / REJECTED: .*could not validate$/,
    );
    expect(await push({ digest: `${app}@${stranger}` })).toMatch(/ REJECTED: .*could not validate$/);
    const before = registry.requests.length;
    expect(await push({ digest: `${app}@${child}` })).toMatch(/ VERIFIED: /);
    expect(registry.requests.length, 'an index is read once').toBe(before);
  });

  it('judges by the sources where no connection reaches the destination', async () => {
    const registry = await embedded();
    const [source, prod] = [`${registry.host}/staging`, `${CLOSED_HOST}/prod`];
    const path = await manifestsFrom(source, { [A]: ['v1'] }, prod);
    const { push } = await startAuditor([`--path=${path}`, '--no-auth']);
    expect(await push({ digest: `${prod}/app@${B}` })).toMatch(/^200 .* REJECTED: .*could not validate/);
    expect(await push({ digest: `${prod}/app@${A}` })).toMatch(/^200 .* VERIFIED: /);
  });

  it('answers 500 where the source cannot be read, and judges when it can', async () => {
    const auditor = await startAuditor([
      `--path=${await manifestsFrom(`${CLOSED_HOST}/staging`)}`,
      '--no-auth',
    ]);
    expect(await auditor.push({ digest: `${APP}@${B}` })).toMatch(/^500 \(ID\) NOT JUDGED: .*ECONNREFUSED/);
    expect(await auditor.push({ digest: `${APP}@${A}` })).toMatch(/^200 .* VERIFIED: /);
    const lines = await auditor.logged(/NOT JUDGED/);
    expect(lines.find(({ message }) => message.includes('NOT JUDGED'))?.severity).toBe('ERROR');
    expect(
      lines.some((line) => line['@type'] !== undefined),
      'nothing is reported',
    ).toBe(false);
  });

  it('answers 500 where the manifests cannot be read, says so, and recovers', async () => {
    const registry = await embedded();
    const path = await manifestsFrom(`${registry.host}/staging`);
    await rename(join(path, 'manifests'), join(path, 'elsewhere'));
    const { push, get } = await startAuditor([`--path=${path}`, '--no-auth']);
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^500 \(ID\) NOT JUDGED: .*no manifests found/);
    expect(await get('/readyz')).toMatch(/^503 .*no manifests found/);
    expect(await get('/healthz')).toBe('200 ok\n');
    await rename(join(path, 'elsewhere'), join(path, 'manifests'));
    expect(await push({ digest: `${APP}@${B}`, tag: `${APP}:v1` })).toMatch(/^200 .* REJECTED: /);
    expect(await get('/readyz')).toBe('200 ready\n');
  });

  it('rejects nothing while one manifest cannot be read', async () => {
    const registry = await embedded();
    const path = await manifestsFrom(`${registry.host}/staging`);
    await writeFile(join(path, 'images/a/images.yaml'), `- name: app\n  dmap: {"${A}": [v1]}\n- [`);
    const { push } = await startAuditor([`--path=${path}`, '--no-auth']);
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^500 .*images\/a\/images\.yaml/);
  });

  it('reads plain manifests too, and sees at once what is added', async () => {
    const registry = await embedded();
    const manifest = (dmap: Readonly<Record<string, readonly string[]>>) =>
      plainManifest({
        from: `${registry.host}/staging`,
        to: [`${registry.host}/prod`],
        images: { app: dmap },
      });
    const app = `${registry.host}/prod/app`;
    const path = await testdir({ 'b/one.yaml': manifest({ [A]: [] }), 'other.yaml': 'no: manifest\n' });
    const { push } = await startAuditor([`--path=${path}`, '--no-auth']);
    expect(await push({ digest: `${app}@${A}` })).toMatch(/ VERIFIED: /);
    expect(await push({ digest: `${app}@${B}` })).toMatch(/ REJECTED: /);
    await writeFile(join(path, 'two.yaml'), manifest({ [B]: [] }));
    expect(await push({ digest: `${app}@${B}` })).toMatch(/ VERIFIED: /);
  });

  it('explains signatures and artifacts of allowed digests', async () => {
    const registry = await embedded();
    const prod = `${registry.host}/prod`;
    const subject = image({ seed: 'app' });
    const allowed = pushTo(registry, 'staging/app', subject, 'v1');
    const referrer = pushTo(registry, 'prod/app', image({ seed: 'sbom', subject }));
    const stray = pushTo(registry, 'prod/app', image({ seed: 'stray' }));
    const files = thinFiles({
      a: { from: `${registry.host}/staging`, to: [prod], images: { app: { [allowed]: ['v1'] } } },
    });
    const { push } = await startAuditor([`--path=${await testdir(files)}`, '--no-auth']);
    const tagOf = (name: string, suffix: string) => `${prod}/app:${name.replace(':', '-')}${suffix}`;
    for (const suffix of ['.sig', '.att', '.sbom', ''])
      expect(await push({ digest: `${prod}/app@${stray}`, tag: tagOf(allowed, suffix) })).toMatch(
        / VERIFIED: /,
      );
    expect(await push({ digest: `${prod}/app@${stray}`, tag: tagOf(A, '.sig') })).toMatch(/ REJECTED: /);
    expect(await push({ digest: `${prod}/app@${referrer}` })).toMatch(/ VERIFIED: .*\(artifact of sha256:/);
    expect(await push({ digest: `${prod}/app@${stray}` })).toMatch(/ REJECTED: /);
  });
});

describe('the service', () => {
  it('accepts the writes of a plan and of a report', async () => {
    const registry = await embedded();
    const { host } = registry;
    const app = pushTo(registry, 'staging/app', image({ seed: 'app' }), 'v1');
    const manifest = plainManifest({
      from: `${host}/staging`,
      to: [`${host}/prod`],
      images: { app: { [app]: ['v1'] } },
    });
    const path = await testdir({ 'm.yaml': manifest, 'none/m.yaml': manifest.replace(app, A) });
    const run = await runCip([
      `-manifest=${path}/m.yaml`,
      `-plan-out=${path}/plan.json`,
      `-report=${path}/report.json`,
    ]);
    expect(run.status, run.stderr).toBe(0);
    for (const flag of [`-plan=${path}/plan.json`, `-report=${path}/report.json`]) {
      const { push } = await startAuditor([`-path=${path}/none`, '-no-auth', flag]);
      const change = { digest: `${host}/prod/app@${app}`, tag: `${host}/prod/app:v1` };
      expect(await push(change), flag).toMatch(/ VERIFIED: .*\(by a plan or report\)/);
      expect(await push({ ...change, tag: `${host}/prod/app:v2` }), flag).toMatch(/ REJECTED: /);
    }
  });

  it('alerts once for duplicates, and logs every one for Error Reporting, with the trace', async () => {
    const alerts: string[] = [];
    const webhook = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => alerts.push(text));
      request.on('end', () => response.end());
    });
    await new Promise<void>((done) => webhook.listen(0, '127.0.0.1', done));
    onTestFinished(() => void webhook.close());
    const address = webhook.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const path = await manifestsFrom('gcr.io/staging');
    const flags = [`-path=${path}`, '-no-auth', `-alert-webhook=http://127.0.0.1:${port}/hook`, '-project=p'];
    const auditor = await startAuditor(flags);
    const body = { action: 'INSERT', digest: `gcr.io/other/app@${A}` };
    const data = Buffer.from(JSON.stringify(body)).toString('base64');
    const trace = '0123456789abcdef0123456789abcdef';
    const headers = { 'x-cloud-trace-context': `${trace}/1;o=1` };
    const answers = [1, 2, 3].map(() => auditor.post(JSON.stringify({ message: { data } }), headers));
    expect(new Set(await Promise.all(answers)).size, 'the same verdict each time').toBe(1);
    auditor.program.kill('SIGTERM');
    const { status, stdout } = await auditor.program.ended;
    expect(status).toBe(143);
    expect(alerts).toHaveLength(1);
    expect(JSON.parse(alerts.join(''))).toEqual({ text: expect.stringContaining('TRANSACTION REJECTED') });
    const reported = stdout.split('\n').filter((line) => line.includes('ReportedErrorEvent'));
    expect(reported).toHaveLength(3);
    expect(JSON.parse(reported[0] ?? '')).toMatchObject({
      severity: 'ALERT',
      'logging.googleapis.com/trace': `projects/p/traces/${trace}`,
      'logging.googleapis.com/spanId': '0000000000000001',
      serviceContext: { service: 'cip-auditor' },
    });
  });

  it.each([
    [['-path=DIR'], /senders are not authenticated/],
    [['-no-auth'], /no manifests: give -path=DIR/],
    [['-path=DIR', '-no-auth', '-oidc-audience=a', '-oidc-email=b@example.com'], /-no-auth contradicts/],
    [['-path=DIR', '-oidc-audience=a'], /go together/],
    [['-path=DIR', '-webhook-token-file=/nonexistent'], /cannot read the secret/],
    [['-path=DIR', '-no-auth', '-plan=/nonexistent'], /\/nonexistent/],
    [['-path=DIR', '-no-auth', '-host=192.0.2.1'], /EADDRNOTAVAIL.*-host/],
    [['-url=http://127.0.0.1:9/x', '-no-auth'], /clone.*ENOENT.*set TMPDIR/],
  ])('%j is refused', async (args, message) => {
    const env = { PORT: '0', TMPDIR: '/nonexistent' };
    const run = await runCip(args, { program: 'cip-auditor', env });
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it.each([
    ['the second version', ['-audit', '-no-auth'], 'cip'],
    ['the third version', ['audit', '--no-auth', '--branch=main'], 'cip'],
    ['kpromo', ['cip', 'audit', '--no-auth', '--branch=main'], 'kpromo'],
  ] as const)('starts with the spelling and the variables of %s', async (_, args, program) => {
    const path = await manifestsFrom('gcr.io/staging');
    const env = { CIP_AUDIT_MANIFEST_REPO_MANIFEST_DIR: path, CIP_AUDIT_GCP_PROJECT_ID: 'p' };
    const { push } = await startAuditor(args, { program, env });
    expect(await push({ digest: `${APP}@${A}` })).toMatch(/^200 \(ID\) TRANSACTION VERIFIED: /);
  });

  it('warns of -no-auth unless it listens on loopback', async () => {
    const path = await manifestsFrom('gcr.io/staging');
    const open = await startAuditor([`-path=${path}`, '-no-auth', '-host=0.0.0.0']);
    expect(await open.logged(/-no-auth: every message is accepted/)).not.toEqual([]);
    const local = await startAuditor([`-path=${path}`, '-no-auth']);
    await local.push({ digest: `${APP}@${A}` });
    expect(JSON.stringify(await local.logged(/VERIFIED/))).not.toContain('every message');
  });
});
