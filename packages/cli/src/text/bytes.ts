const suffixes = ['B', 'K', 'M', 'G', 'T', 'P'] as const

/** A number of bytes with the suffixes that limits are written with, powers of 1024: `512B`, `1.5M`, `64M`. */
export function formatBytes(bytes: number): string {
  let [value, index] = [bytes, 0]
  while (value >= 1024 && index < suffixes.length - 1) {
    value /= 1024
    index++
  }
  const digits = index === 0 || value >= 100 ? 0 : 1
  return `${value.toFixed(digits).replace(/\.0$/, '')}${suffixes[index]}`
}

/** Bytes of a limit as it was given, `64M` or a number; undefined when there is none. */
export function parseBytes(limit: number | string | undefined): number | undefined {
  if (limit === undefined || limit === 'max') return undefined
  const match = /^(\d+(?:\.\d+)?)([KMGT])?$/i.exec(String(limit))
  if (!match) return undefined
  const power = match[2] ? suffixes.indexOf(match[2].toUpperCase() as (typeof suffixes)[number]) : 0
  return Number(match[1]) * 1024 ** power
}
