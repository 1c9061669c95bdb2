import { CodedError } from '../base/errors.ts';

/**
 * Why a piece of content was not copied, where no registry is to blame.
 *
 * - `missing`  it is at none of its sources
 * - `too-deep` indexes within indexes beyond any use
 */
export class CopyError extends CodedError<'missing' | 'too-deep'> {}
