import { InvalidOptionError } from './mistakes.ts'

/** Refuses options that there are none of: a slip of the pen would else go unnoticed. `what` they are options of. */
export function refuseUnknown(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw new InvalidOptionError(what, given, 'an object')
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) throw new InvalidOptionError(key, value, `for ${what}, one of ${known.join(', ')}`)
  }
}

/** Refuses parts of an option that there are none of, and what has no parts: `accepted` says what else there is. */
export function refuseUnknownPart(
  option: string,
  given: unknown,
  known: readonly string[],
  accepted = `{ ${known.join(', ')} }`,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOptionError(option, given, accepted)
  }
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) throw new InvalidOptionError(`${option}.${key}`, value, `only ${known.join(', ')}`)
  }
}
