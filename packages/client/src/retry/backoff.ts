import type { ReconnectOptions } from '../connect/options.ts'
import { pause } from './pause.ts'

/** What a failed attempt says of the daemon. */
export interface Attempt {
  /** When it was begun, by `performance.now()`. */
  begun: number
  /** Whether the daemon was heard meanwhile. */
  isHeard: boolean
}

/** The time between attempts at one thing: longer each time, and random, so that many clients do not come at once. */
export class Backoff {
  readonly #options: Required<ReconnectOptions>
  readonly #random: () => number
  #failures = 0
  /** When the first failure in a row was. */
  #since = 0

  /** `random` gives numbers from 0 to 1. */
  constructor(options: Required<ReconnectOptions>, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
  }

  /** The next failure is the first in a row. */
  reset(): void {
    this.#failures = 0
  }

  /** Milliseconds until the next attempt, after one that failed; undefined: it is time to give up. */
  next({ begun, isHeard }: Attempt, now: number = performance.now()): number | undefined {
    const { minMs, maxMs, giveUpAfterMs } = this.#options
    // The daemon was there for a while.
    if (isHeard && now - begun > maxMs) this.reset()
    if (this.#failures === 0) this.#since = now
    const left = this.#since + giveUpAfterMs - now
    if (left <= 0) return undefined
    const longest = Math.min(maxMs, minMs * 2 ** this.#failures)
    this.#failures++
    // The last attempt is made when the time is over.
    return Math.min(left, longest * (0.5 + this.#random() / 2))
  }

  /** Waits until the next attempt, after one that failed; false: it is time to give up. */
  async wait(attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const ms = this.next(attempt)
    if (ms === undefined) return false
    await pause(ms, signal)
    return true
  }
}
