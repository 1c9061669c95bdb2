// The parts of undici that a run needs. Its index loads fetch, WebSockets, caches and mocks as well, which takes a
// quarter of the CPU time of a start; undici declares no types for its parts.
declare module 'undici/lib/dispatcher/agent.js' {
  export { Agent as default } from 'undici';
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}
