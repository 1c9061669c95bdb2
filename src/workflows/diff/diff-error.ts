import { CodedError } from '../../base/errors.ts';

/** Two registries could not be compared. */
export class DiffError extends CodedError<'not-compared'> {}
