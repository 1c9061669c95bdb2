import { quote } from '../../base/text.ts';
import { type Digest, parseDigest } from '../../image/digest.ts';
import { Refusal } from '../errors.ts';

/** The digest that a text is. Throws `DIGEST_INVALID`. */
export function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  throw new Refusal('DIGEST_INVALID', `${quote(text)} is not a digest`);
}
