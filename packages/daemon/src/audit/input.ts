import type { Asked, Outcome } from './contract.ts'

/** Most senders that are remembered; beyond them, what is remembered is noted once more. */
const maxSenders = 10_000

/**
 * Tells the pieces of one input, and the sizes of one terminal, from changes: of what one sender sends to one command,
 * the first, the last and every failure are noted, not each key that is pressed.
 */
export class RepeatedInput {
  readonly #known = new Set<string>()

  /** Whether it goes on with what was noted before. */
  isRepeated({ method, caller, message }: Asked, { code }: Outcome): boolean {
    if ((method !== 'writeInput' && method !== 'resize') || code !== 'ok') return false
    const { name, execId, offset, end } = message as { name: string; execId: string; offset?: bigint; end?: boolean }
    const key = JSON.stringify([method, caller?.identity, caller?.from, name, execId])
    if (this.#known.has(key) && end !== true && offset !== 0n) return true
    if (this.#known.size >= maxSenders) this.#known.clear()
    if (end) this.#known.delete(key)
    else this.#known.add(key)
    return false
  }
}
