/** Stands for the HTTP client of tuf-js in a build: src/adapters/sigstore passes a fetcher instead. */
export default function refuse() {
  throw new Error('tuf-js has no HTTP client of its own in this build');
}
