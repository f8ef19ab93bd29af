const factors: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

const defaultPeriodUs = 100_000

/** Bytes as the library takes them, `max` being Infinity; undefined: it would refuse them. */
export function parseBytes(value: unknown): number | undefined {
  if (value === 'max') return Infinity
  const match = typeof value === 'string' ? /^(\d+)([KMGT]?)$/i.exec(value) : null
  const bytes = match ? Number(match[1]) * factors[match[2]!.toUpperCase()]! : value
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined
}

/** CPUs that a `cpuMax` comes to, a quota in each period, `max` being Infinity; undefined: the library would refuse it. */
export function parseCpus(value: unknown): number | undefined {
  const match = typeof value === 'string' ? /^\s*(max|\d+)(?:\s+(\d+))?\s*$/.exec(value) : null
  const period = Number(match?.[2] ?? defaultPeriodUs)
  if (!match || !(period > 0)) return undefined
  return match[1] === 'max' ? Infinity : Number(match[1]) / period
}
