import { FieldError } from './field-error.ts'

/**
 * Checks of what a program gives, by the option's name: of its kind only, as what it says is for the daemon to check.
 * Undefined stays undefined.
 */

const maxCount = 2 ** 32 - 1

export function givenText(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new FieldError(option, value, 'a string')
}

/** A text, or a number that goes as one. */
export function givenTextOrNumber(option: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new FieldError(option, value, 'a string or a number')
}

export function givenFlag(option: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new FieldError(option, value, 'true or false')
}

/** A whole number of 32 bits. */
export function givenCount(option: string, value: unknown): number | undefined {
  if (value === undefined) return value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxCount) return value
  throw new FieldError(option, value, `a whole number from 0 to ${maxCount}`)
}

/** An array, each entry converted; its option is `paths[0]`. */
export function givenList<T>(option: string, value: unknown, convert: (option: string, entry: unknown) => T): T[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new FieldError(option, value, 'an array')
  return value.map((entry: unknown, index) => convert(`${option}[${index}]`, entry))
}

export function givenTexts(option: string, value: unknown): string[] {
  return givenList(option, value, (option, entry) => {
    if (typeof entry === 'string') return entry
    throw new FieldError(option, entry, 'a string')
  })
}

/** An object's entries, each converted; its option is `labels.key`. */
export function givenRecord<T>(
  option: string,
  value: unknown,
  convert: (option: string, entry: unknown) => T,
): Record<string, T> {
  if (value === undefined) return {}
  return Object.fromEntries(
    Object.entries(givenObject(option, value)).map(([key, entry]) => [key, convert(`${option}.${key}`, entry)]),
  )
}

export function givenObject(option: string, value: unknown, accepted = 'an object'): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new FieldError(option, value, accepted)
}

/** Refuses what there is no option for: it would be left out, and the slip of the pen go unnoticed. */
export function refuseOthers(option: string, given: unknown, known: readonly string[]): void {
  for (const [key, value] of Object.entries(givenObject(option, given))) {
    if (known.includes(key)) continue
    throw new FieldError(option === '' ? key : `${option}.${key}`, value, `only ${known.join(', ')}`)
  }
}
