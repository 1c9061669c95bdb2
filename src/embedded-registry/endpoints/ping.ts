import { jsonReply, type Reply } from '../reply.ts';

/** The check that a registry is one; with auth, where clients learn the challenge. */
export function ping(): Reply {
  return jsonReply({}, { headers: { 'Docker-Distribution-Api-Version': 'registry/2.0' } });
}
