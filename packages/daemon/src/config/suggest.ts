/** The key that was probably meant: another spelling (`storage_root`), or a slip of a letter or two. */
export function suggestKey(typed: string, keys: readonly string[]): string | undefined {
  const plain = (key: string): string => key.toLowerCase().replaceAll(/[-_]/g, '')
  const ranked = keys
    .map((key) => ({ key, distance: distance(plain(typed), plain(key)) }))
    .toSorted((one, other) => one.distance - other.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(1, Math.floor(typed.length / 3)) ? best.key : undefined
}

/** How many letters to add, remove or change to make one word of another (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (const [column, wanted] of [...other].entries()) {
      next.push(Math.min(row[column + 1]! + 1, next[column]! + 1, row[column]! + (letter === wanted ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}
