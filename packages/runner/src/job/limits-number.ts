import { InvalidOptionError } from '../errors/mistakes.ts'

/** A whole number within a range. A command line hands numbers over as text, so digits are accepted too. */
export function parseCount(option: string, value: unknown, min: number, max: number, accepted: string): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number
  throw new InvalidOptionError(option, value, accepted)
}
