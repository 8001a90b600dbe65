import type { MigrationProvider } from 'kysely';
import * as first from './001-first.ts';
import * as jobs from './002-jobs.ts';

/** The numbered migrations, oldest first. One that has run anywhere is never edited: add the next number. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({ '001-first': first, '002-jobs': jobs }),
};
