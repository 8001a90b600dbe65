import type { MigrationProvider } from 'kysely';
import * as first from './001-first.ts';
import * as jobs from './002-jobs.ts';
import * as limits from './003-limits.ts';
import * as opened from './004-opened.ts';
import * as spoken from './005-spoken.ts';
import * as people from './006-people.ts';
import * as logins from './008-logins.ts';
import * as voice from './009-voice.ts';
import * as reopening from './010-reopening.ts';
import * as lists from './011-lists.ts';

/** The numbered migrations, the oldest first. A migration that has run anywhere is never edited: add the next number. */
export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    ...{ '001-first': first, '002-jobs': jobs, '003-limits': limits },
    ...{ '004-opened': opened, '005-spoken': spoken, '006-people': people },
    ...{ '008-logins': logins, '009-voice': voice, '010-reopening': reopening },
    ...{ '011-lists': lists },
  }),
};
