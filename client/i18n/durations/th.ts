/** Durations in Thai. */
/** A duration of `s` seconds in words: seconds below two minutes, else minutes and seconds. */
export const duration = (s: number) => {
  if (s < 120) return `${s} วินาที`;
  return s % 60 === 0 ? `${s / 60} นาที` : `${Math.floor(s / 60)} นาที ${s % 60} วินาที`;
};
