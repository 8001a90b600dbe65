/** Durations in Vietnamese. */
/** A duration of `s` seconds in words: seconds below two minutes, else minutes and seconds. */
export const duration = (s: number) => {
  if (s < 120) return `${s} giây`;
  return s % 60 === 0 ? `${s / 60} phút` : `${Math.floor(s / 60)} phút ${s % 60} giây`;
};
