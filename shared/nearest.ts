/** What somebody probably meant who wrote a word that nobody knows. */

/**
 * The name in `names` that differs from `word` by the fewest letters, whatever their case, or undefined when none comes
 * near: at most `most` letters, and at most half of those that were written.
 */
export function nearest(word: string, names: readonly string[], most = 4): string | undefined {
  if (word.length > 64) return undefined;
  let best: { readonly name: string; readonly distance: number } | undefined;
  const furthest = Math.min(most, Math.floor(word.length / 2));
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    if (distance <= furthest && (best === undefined || distance < best.distance)) best = { name, distance };
  }
  return best?.name;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const letter of from) {
    const next = [(row[0] ?? 0) + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
