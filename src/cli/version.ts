declare const CIP_VERSION: string | undefined;
declare const CIP_COMMIT: string | undefined;

/** The version that the build was given; run from source there is none. */
export const VERSION = typeof CIP_VERSION === 'string' ? CIP_VERSION : 'from source';

const COMMIT = typeof CIP_COMMIT === 'string' ? CIP_COMMIT : '';

/** What `-version` prints: labels and values in columns. */
export function renderVersion(): string {
  const rows = [
    ['Version:', VERSION],
    ['Commit:', COMMIT === '' ? 'unknown' : COMMIT],
    ['Node:', process.version],
    ['Platform:', `${process.platform}/${process.arch}`],
  ];
  return rows.map(([label = '', value = '']) => `${label.padEnd(10)}${value}\n`).join('');
}
