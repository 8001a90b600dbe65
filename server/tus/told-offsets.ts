/**
 * Offsets that clients were told and may begin at, although more is stored by now: "The offset never decreases", and a
 * client that goes by what HEAD told it must not be refused.
 */

/** How many uploads are remembered, and how many offsets of each. */
const MAX_UPLOADS = 4_096;
const MAX_OFFSETS = 32;

/** The offsets of each upload that were told since its last 204. */
export type ToldOffsets = ReturnType<typeof createToldOffsets>;

/** Creates an empty memory of told offsets. */
export function createToldOffsets() {
  /** The upload whose offset was told longest ago first. */
  const told = new Map<string, Set<number>>();
  return {
    /** Remembers that a client was told this offset. */
    tell(id: string, offset: number): void {
      const offsets = told.get(id) ?? new Set();
      told.delete(id);
      told.set(id, offsets.add(offset));
      dropFirst(offsets, MAX_OFFSETS);
      dropFirst(told, MAX_UPLOADS);
    },

    /** Whether a client was told this offset. */
    wasTold: (id: string, offset: number): boolean => told.get(id)?.has(offset) ?? false,

    /** Forgets the upload's offsets: its client knows a newer one. */
    forget: (id: string): void => void told.delete(id),
  };
}

function dropFirst<K>(from: Map<K, unknown> | Set<K>, max: number): void {
  for (const key of from.keys()) {
    if (from.size <= max) return;
    from.delete(key);
  }
}
