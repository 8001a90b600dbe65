/** Random choices for tests. */
export type Chance = ReturnType<typeof createChance>;

/** Makes choices that depend on `random` alone. */
export function createChance(random: () => number) {
  const int = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  return {
    /** True in `share` of the cases. */
    is: (share: number): boolean => random() < share,
    /** A whole number, both ends included. */
    int,
    /** One of the values. */
    pick<T>(all: readonly T[]): T {
      return all[int(0, all.length - 1)] as T;
    },
    /** One of the names; each name's probability is proportional to its weight. */
    weighted<T extends string>(weights: Record<T, number>): T {
      const entries = Object.entries(weights) as Array<[T, number]>;
      let left = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) {
        left -= weight;
        if (left < 0) return name;
      }
      return (entries.at(-1) as [T, number])[0];
    },
    /** Noise of `size` bytes: a repeated short pattern, which is fast to make. */
    bytes: (size: number): Buffer<ArrayBuffer> =>
      Buffer.alloc(size, Buffer.from(Array.from({ length: 61 }, () => int(0, 255)))),
    uuid: (): string => {
      const hex = (length: number) => Array.from({ length }, () => int(0, 15).toString(16)).join('');
      return [8, 4, 4, 4, 12].map(hex).join('-');
    },
  };
}
