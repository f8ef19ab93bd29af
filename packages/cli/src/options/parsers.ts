import { constants } from 'node:os'

import { InvalidArgumentError } from 'commander'

import { parseDuration } from '../text/duration.ts'

/** What the library, like Node's timers, takes at the most. */
const longestMs = 2 ** 31 - 1

/** A duration in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms > longestMs) {
    throw new InvalidArgumentError('Accepted: 500ms, 30s, 10m, 2h, 1d, or a number of seconds; at most 24d.')
  }
  return ms
}

/** A signal by name, with or without `SIG`, in any case, or by number. */
export function signal(text: string): NodeJS.Signals {
  const upper = text.toUpperCase()
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`
  const found = Object.entries(constants.signals).find(([key, number]) => key === name || String(number) === text)
  if (!found) throw new InvalidArgumentError('Accepted: a name such as TERM or SIGTERM, or a number from 1 to 31.')
  return found[0] as NodeJS.Signals
}

/** A whole number from 0. */
export function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Accepted: a whole number.')
  return Number(text)
}

/** A whole number, also below 0. */
export function integer(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new InvalidArgumentError('Accepted: a whole number, of at most nine digits.')
  return Number(text)
}

/** A whole number, or `max`. */
export function countOrMax(text: string): number | 'max' {
  if (text !== 'max' && !/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Accepted: a whole number, or 'max'.")
  return text === 'max' ? text : Number(text)
}

/** Gathers an option that may be given more than once. */
export function repeated(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text]
}

/** Gathers `KEY=VALUE`. */
export function pair(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Accepted: KEY=VALUE.')
  return { ...earlier, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Gathers `KEY=VALUE`, or `KEY` for a variable that corral itself was given. */
export function variable(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  if (text === '' || text.includes('=')) return pair(text, earlier)
  const value = process.env[text]
  if (value === undefined) throw new InvalidArgumentError(`There is no ${text} to pass on; write ${text}=VALUE.`)
  return { ...earlier, [text]: value }
}
