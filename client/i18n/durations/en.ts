/** Durations in English. */
/** `1 second`, `n seconds`. */
export const seconds = (n: number) => (n === 1 ? '1 second' : `${n} seconds`);
const minutes = (n: number) => (n === 1 ? '1 minute' : `${n} minutes`);
/** A duration of `s` seconds in words: seconds below two minutes, else minutes and seconds. */
export const duration = (s: number) => {
  if (s < 120) return seconds(s);
  return s % 60 === 0 ? minutes(s / 60) : `${minutes(Math.floor(s / 60))} ${seconds(s % 60)}`;
};
