// Covers src/cli/output/held-directory.ts
// Covers src/cli/output/report-target.ts

import { execFile } from 'node:child_process';
import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { discardOldReport, writeReportFile, writeToSpecial } from '../../../src/cli/output/report-file.ts';
import { type ReportTarget, resolveTarget } from '../../../src/cli/output/report-target.ts';
import { testdir } from '../../builders/testdir.ts';

const OLD_REPORT = '{"version": 1, "mode": "dry-run"}';
const isRoot = process.getuid?.() === 0;
const NOBODY = 12_345;

async function placeOf<Kind extends ReportTarget['kind']>(path: string, kind: Kind) {
  const place = await resolveTarget(path);
  if (!('kind' in place) || place.kind !== kind) throw new Error(`expected a ${kind}: ${path}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its kind was checked
  return place as Extract<ReportTarget, { kind: Kind }>;
}

/** A directory of an attacker, and a victim with its own content, mode and owner. */
async function scene(report = OLD_REPORT) {
  const top = await testdir({ 'theirs/r.json': report, 'victim/secret': 'precious', 'victim/r.json': 'own' });
  await chmod(`${top}/victim/secret`, 0o600);
  const before = await stat(`${top}/victim/secret`);
  return {
    top,
    theirs: `${top}/theirs`,
    path: `${top}/theirs/r.json`,
    secret: `${top}/victim/secret`,
    expectUntouched: async () => {
      const { mode, uid, gid } = await stat(`${top}/victim/secret`);
      expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
      expect(await readFile(`${top}/victim/secret`, 'utf8')).toBe('precious');
      expect(await readFile(`${top}/victim/r.json`, 'utf8')).toBe('own');
      expect((await readdir(`${top}/victim`)).toSorted()).toEqual(['r.json', 'secret']);
    },
  };
}

/** Puts a link to `target` in place of whatever is at `path`. */
async function swap(path: string, target: string): Promise<void> {
  await rm(path, { recursive: true });
  await symlink(target, path);
}

/** Is asked for the text while the file that takes it is open: whatever is swapped then is swapped in time. */
function* whileWriting(act: () => void): Generator<string> {
  act();
  yield 'report';
}

describe('a report in the directory of somebody who swaps its entries', () => {
  it('changes nothing through a link in place of its draft', async () => {
    const { theirs, path, secret, expectUntouched } = await scene();
    const place = await placeOf(path, 'file');
    await chmod(path, 0o666);
    const attack = () => {
      for (const name of readdirSync(theirs).filter((one) => one.endsWith('.tmp'))) {
        rmSync(`${theirs}/${name}`);
        symlinkSync(secret, `${theirs}/${name}`);
      }
    };
    await expect(writeReportFile(place, () => whileWriting(attack))).rejects.toThrow('draft was replaced');
    await expectUntouched();
    expect(await readFile(path, 'utf8')).toBe(OLD_REPORT);
    expect(await readdir(theirs)).toEqual(['r.json']);
  });

  it('replaces a link in its place, not the target of the link', async () => {
    const { path, secret, expectUntouched } = await scene();
    const place = await placeOf(path, 'file');
    await swap(path, secret);
    await writeReportFile(place, () => ['report']);
    await expectUntouched();
    expect((await lstat(path)).isFile()).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('report');
  });

  it.each(['report', 'discarding'])('does not follow a link in place of the directory: %s', async (what) => {
    const { top, theirs, path, expectUntouched } = await scene();
    const place = await placeOf(path, 'file');
    await rename(theirs, `${top}/moved`);
    await symlink('victim', theirs);
    const writing = what === 'report' ? writeReportFile(place, () => ['report']) : discardOldReport(place);
    await expect(writing).rejects.toThrow(`"${theirs}" now leads to "${top}/victim"`);
    await expectUntouched();
  });

  it('is not filled in through a link in place of the file, where that cannot be replaced', async () => {
    const { path, secret, expectUntouched } = await scene();
    const place = await placeOf(path, 'file');
    const attack = () => {
      rmSync(path);
      symlinkSync(secret, path);
      throw Object.assign(new Error('a mount of its own'), { code: 'EBUSY' });
    };
    await expect(writeReportFile(place, () => whileWriting(attack))).rejects.toThrow('ELOOP');
    await expectUntouched();
  });

  it('names the directory, not the handle, in its errors', async () => {
    const { theirs, path } = await scene();
    const place = await placeOf(path, 'file');
    await rm(path);
    await mkdir(path);
    await expect(writeReportFile(place, () => ['report'])).rejects.toThrow(`'${theirs}/r.json'`);
  });

  it('is written where the directory was made anew meanwhile', async () => {
    const { theirs, path } = await scene();
    const place = await placeOf(path, 'file');
    await rm(theirs, { recursive: true });
    await mkdir(theirs);
    await writeReportFile(place, () => ['report']);
    expect(await readFile(path, 'utf8')).toBe('report');
  });

  it('of an earlier run is not discarded through a link in its place', async () => {
    const { path, top, expectUntouched } = await scene();
    const place = await placeOf(path, 'file');
    await writeFile(`${top}/other`, OLD_REPORT);
    await swap(path, `${top}/other`);
    await discardOldReport(place);
    await expectUntouched();
    expect(await readFile(`${top}/other`, 'utf8')).toBe(OLD_REPORT);
  });

  it('of an earlier run is not waited for where a pipe stands in its place', async () => {
    const { path } = await scene();
    const place = await placeOf(path, 'file');
    await rm(path);
    await promisify(execFile)('mkfifo', [path]);
    await discardOldReport(place);
    expect((await lstat(path)).isFIFO()).toBe(true);
  });

  it('for a pipe is not appended to what a link in its place leads to', async () => {
    const { theirs, secret, expectUntouched } = await scene();
    const pipe = `${theirs}/pipe`;
    await promisify(execFile)('mkfifo', [pipe]);
    const place = await placeOf(pipe, 'special');
    await swap(pipe, secret);
    await expect(writeToSpecial(place, () => ['report'])).rejects.toThrow('another file replaced it');
    await expectUntouched();
  });

  it.runIf(isRoot)('keeps permissions and owner, but makes no program of itself', async () => {
    const { path } = await scene();
    await chown(path, NOBODY, NOBODY);
    await chmod(path, 0o6751);
    await writeReportFile(await placeOf(path, 'file'), () => ['report']);
    const { mode, uid, gid } = await stat(path);
    expect({ mode: mode & 0o7777, uid, gid }).toEqual({ mode: 0o751, uid: NOBODY, gid: NOBODY });
  });

  it.runIf(isRoot)('does not follow a link that another user has put into a shared directory', async () => {
    const top = await testdir({ 'shared/': '', secret: 'precious' });
    await chmod(`${top}/shared`, 0o1777);
    await symlink('../secret', `${top}/shared/link`);
    expect(await resolveTarget(`${top}/shared/link`)).toMatchObject({ kind: 'file', path: `${top}/secret` });
    await lchown(`${top}/shared/link`, NOBODY, NOBODY);
    expect(await resolveTarget(`${top}/shared/link`)).toMatchObject({
      obstacle: expect.stringContaining('is a link of another user'),
    });
  });
});
