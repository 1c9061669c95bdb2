import { CodedError } from '../base/errors.ts';

/**
 * Why a piece of content was not copied, where no registry is to blame.
 *
 * - `missing`  it is at none of its sources
 * - `too-deep` indexes within indexes beyond any use
 * - `blobs-in-index` the registry takes no index that lists blobs
 */
export class CopyError extends CodedError<'missing' | 'too-deep' | 'blobs-in-index'> {}
