import { constants } from 'node:os'

/** A signal by its name, as Node has it: `'SIGTERM'`. */
export type Signal = NodeJS.Signals

/** The signal's number on this machine, or undefined when there is no signal of that name. */
export function signalNumber(signal: string): number | undefined {
  return Object.hasOwn(constants.signals, signal) ? constants.signals[signal as Signal] : undefined
}

/** The name of a signal number; real-time signals, which Node has no names for, as `SIGRTMIN+n`. */
export function signalName(number: number): Signal {
  for (const [name, value] of Object.entries(constants.signals)) {
    if (value === number && !aliases.has(name)) return name as Signal
  }
  return `SIGRTMIN+${number - 34}` as Signal
}

/** Second names of signals that have another. */
const aliases = new Set(['SIGIOT', 'SIGPOLL', 'SIGUNUSED', 'SIGCLD'])
