import { InvalidOptionError } from '../errors/mistakes.ts'

/** An object's fields, of which none is unknown. What is null is absent, as Go's programs write it. */
export function checkFields<T extends string>(
  place: string,
  value: unknown,
  known: readonly T[],
): Partial<Record<T, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(place, value, 'an object')
  }
  const given = Object.entries(value).filter(([, field]) => field !== null && field !== undefined)
  for (const [name, field] of given) {
    if (!(known as readonly string[]).includes(name)) {
      throw new InvalidOptionError(`${place}.${name}`, field, `in ${place}, one of ${known.join(', ')}`)
    }
  }
  return Object.fromEntries(given) as Partial<Record<T, unknown>>
}

/** A list, each of its items with its place; empty when absent. */
export function checkList<T>(place: string, value: unknown, check: (place: string, item: unknown) => T): T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new InvalidOptionError(place, value, 'an array')
  return value.map((item, index) => check(`${place}[${index}]`, item))
}

export function checkText(place: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidOptionError(place, value, 'a string')
}

/** One of the keys of a table: what it stands for. */
export function choose<T>(place: string, value: unknown, table: Readonly<Record<string, T>>): T {
  if (typeof value === 'string' && Object.hasOwn(table, value)) return table[value] as T
  throw new InvalidOptionError(place, value, `one of ${Object.keys(table).join(', ')}`)
}
