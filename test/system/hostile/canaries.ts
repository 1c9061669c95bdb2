/** Begins every secret of the tests, so that a piece of one is found as well. */
export const CANARY = 'CaNaRy';

/** A secret that nothing may show. It has what needs encoding in URLs, forms, JSON and shells. */
export function canary(name: string): string {
  return `${CANARY}-${name}/p+w "&=%é'$`;
}

/** The same for headers, which take visible ASCII only. */
export function tokenCanary(name: string): string {
  return `${CANARY}.${name}/t+k=`;
}

/** Where a text shows a secret: as it is, in base64, in hex or percent-encoded, whole or in part. */
export function findLeaks(text: string, secrets: Iterable<string>): string[] {
  const wanted = [CANARY, ...base64Cores(CANARY), Buffer.from(CANARY).toString('hex'), ...secrets];
  const low = text.toLowerCase();
  return wanted
    .filter((secret) => secret !== '' && low.includes(secret.toLowerCase()))
    .map((secret) => {
      const at = low.indexOf(secret.toLowerCase());
      return `${secret}: …${text.slice(Math.max(0, at - 200), at + 80)}…`;
    });
}

/** What a text looks like within base64, wherever it begins there. */
export function base64Cores(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(' '.repeat(shift) + text)
      .toString('base64')
      .replace(/=+$/, '');
    const start = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + text.length) * 8) / 6);
    return encoded.slice(start, end);
  });
}
