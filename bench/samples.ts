/** The value below which the given share of the samples lies; null when there are none. */
export function quantile(samples: readonly number[], share: number): number | null {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

export function median(samples: readonly number[]): number | null {
  return quantile(samples, 0.5)
}

/** How many times the other one; null when either is missing. */
export function ratio(value: number | null, other: number | null): number | null {
  return value === null || other === null ? null : value / other
}

/** The same in an order that nothing can be read out of: in each round another one follows another one. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
