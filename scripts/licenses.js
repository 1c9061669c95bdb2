// The licences of the packages that a build has bundled, as most of them demand of every copy.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

/** The text of a file with the name, version and licence of each package in esbuild's metafiles, sorted. */
export function licensesOf(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
    ),
  );
  const folders = new Set(inputs.flatMap((file) => PACKAGE.exec(file)?.[0] ?? []));
  const texts = Array.from(folders, licenseOf).toSorted();
  return `The programs of this directory contain these packages.\n\n${Array.from(new Set(texts)).join('\n')}`;
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((one) => /^(?:licen[cs]e|copying)(?:\.|-|$)/i.test(one));
  if (file === undefined && license === undefined) throw new Error(`${folder} names no license`);
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return `--- ${name} ${version}: ${license ?? 'see below'}\n\n${text}\n`;
}
