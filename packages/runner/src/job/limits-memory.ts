import { InvalidOptionError } from '../errors/mistakes.ts'

const factors: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }

/** Most bytes that are accepted: beyond 2^53 a number no longer holds each byte, and no machine has as many. */
const maxBytes = Number.MAX_SAFE_INTEGER

/** Bytes as `memory.max` takes them: a number, digits with a suffix K, M, G or T (powers of 1024), or `max`. */
export function parseBytes(option: string, value: unknown, minBytes: number): number | 'max' {
  return value === 'max' ? value : parseFiniteBytes(option, value, minBytes, ", or 'max'")
}

/** The same, of what has an end. `more`: what else is accepted, in words. */
export function parseFiniteBytes(option: string, value: unknown, minBytes: number, more = ''): number {
  const bytes = typeof value === 'string' ? suffixedBytes(value) : value
  if (typeof bytes === 'number' && Number.isInteger(bytes) && bytes >= minBytes && bytes <= maxBytes) return bytes
  const format = `bytes as a whole number, or with a suffix K, M, G or T such as '64M'${more}`
  throw new InvalidOptionError(option, value, minBytes > 0 ? `${format}; at least ${minBytes}` : format)
}

function suffixedBytes(text: string): number | undefined {
  const match = /^(\d+)([KMGT]?)$/i.exec(text)
  return match ? Number(match[1]) * factors[match[2]!.toUpperCase()]! : undefined
}
