const GOOGLE = /^(?:[a-z0-9-]+\.)?gcr\.io$|(?:^|\.)pkg\.dev$/;

/** True for the hosts of Google's Artifact Registry and of its older names. */
export function isGoogleHost(host: string): boolean {
  return GOOGLE.test(host);
}
