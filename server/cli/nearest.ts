/**
 * The known word that was probably meant; null where none is near. Case, `_` and `-` don't count, and of the rest a
 * third may differ.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  const plain = (text: string) => text.toLowerCase().replace(/[_-]/g, '');
  const wanted = plain(word).slice(0, 40);
  const best = known
    .map((name) => ({ name, distance: distanceOf(wanted, plain(name)) }))
    .sort((a, b) => a.distance - b.distance)
    .at(0);
  return best && best.distance <= Math.max(1, Math.floor(plain(best.name).length / 3)) ? best.name : null;
}

/** How many letters must be put in, taken out, changed, or swapped with the next ("optimal string alignment"). */
function distanceOf(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(i - 2, j - 2) + 1 : change;
      row.push(Math.min(change, swap, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
