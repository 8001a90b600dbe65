/** The whole conformance table, in the order of the specification. */
import type { Row } from './row.ts';
import { creationRows } from './rows/creation.ts';
import { deferredRows } from './rows/deferred.ts';
import { headRows } from './rows/head.ts';
import { lifetimeRows } from './rows/lifetime.ts';
import { numberRows } from './rows/numbers.ts';
import { optionalRows } from './rows/optional.ts';
import { patchRows } from './rows/patch.ts';
import { speechRows } from './rows/versions.ts';
import { withUploadRows } from './rows/with-upload.ts';

/** Every row: tus resumable upload protocol, version 1.0.0. */
export const table: readonly Row[] = [
  ...numberRows,
  ...speechRows,
  ...headRows,
  ...patchRows,
  ...creationRows,
  ...deferredRows,
  ...withUploadRows,
  ...lifetimeRows,
  ...optionalRows,
];
