/** The types of build.mjs, for what is written in TypeScript. */

/** Builds unless dist/ is newer than every source. Without sources (an installed package), dist/ stays as it is. */
export function buildIfStale(): Promise<void>;
/**
 * Builds beside dist/ and swaps the folders.
 * @throws Error with the output of Vite when the build fails
 */
export function build(): void;
/** Writes each text file of the pages a second and a third time, with the endings `.br` and `.gz`, at the highest level. */
export function compress(folder: string): void;
