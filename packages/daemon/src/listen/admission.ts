import { isIPv6 } from 'node:net'

import type { RefusalReason } from './refusals.ts'
import type { ResolvedLimits } from './options.ts'

/** A connection that has come. */
export interface Visitor {
  /** Whose it is, as far as is known. */
  peer: string
  /** Ends it. */
  drop(reason: RefusalReason): void
}

/** Counts connections: those that have not said yet who they are, and those that have. */
export class Admission {
  readonly #limits: ResolvedLimits
  /** In the order in which they came. */
  readonly #waiting = new Set<Visitor>()
  readonly #inside = new Map<Visitor, string>()
  readonly #perPeer = new Map<string, number>()

  constructor(limits: ResolvedLimits) {
    this.#limits = limits
  }

  /** How many connections are served. */
  get connections(): number {
    return this.#inside.size
  }

  /** How many have not said yet who they are. */
  get handshakes(): number {
    return this.#waiting.size
  }

  /** Has a connection wait until it has said who it is; or gives why it has to go. */
  arrive(visitor: Visitor): RefusalReason | undefined {
    const refusal = this.#refusal(visitor.peer)
    if (refusal) return refusal
    if (this.#waiting.size >= this.#limits.maxHandshakes) this.#makeRoom()
    this.#waiting.add(visitor)
    return undefined
  }

  /** It has said who it is; or gives why it has to go. */
  establish(visitor: Visitor): RefusalReason | undefined {
    this.#waiting.delete(visitor)
    const refusal = this.#refusal(visitor.peer)
    if (refusal) return refusal
    this.#inside.set(visitor, visitor.peer)
    this.#perPeer.set(visitor.peer, (this.#perPeer.get(visitor.peer) ?? 0) + 1)
    return undefined
  }

  /** It has gone. */
  leave(visitor: Visitor): void {
    this.#waiting.delete(visitor)
    const peer = this.#inside.get(visitor)
    if (peer === undefined) return
    this.#inside.delete(visitor)
    const left = this.#perPeer.get(peer)! - 1
    if (left === 0) this.#perPeer.delete(peer)
    else this.#perPeer.set(peer, left)
  }

  /** Ends those that have not said who they are. */
  close(): void {
    for (const visitor of this.#waiting) visitor.drop('closing')
  }

  #refusal(peer: string): RefusalReason | undefined {
    if (this.#inside.size >= this.#limits.maxConnections) return 'connections'
    return (this.#perPeer.get(peer) ?? 0) >= this.#limits.maxConnectionsPerPeer ? 'peer-connections' : undefined
  }

  /** Whoever has most of those that wait loses its oldest. */
  #makeRoom(): void {
    const counts = new Map<string, number>()
    for (const { peer } of this.#waiting) counts.set(peer, (counts.get(peer) ?? 0) + 1)
    const most = Math.max(...counts.values())
    const oldest = [...this.#waiting].find(({ peer }) => counts.get(peer) === most)!
    this.#waiting.delete(oldest)
    oldest.drop('handshakes')
  }
}

/** What counts as one peer: an IPv4 address, or the 64 bits of an IPv6 one that a single host is commonly given. */
export function peerOfAddress(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]!
  const [head, tail] = address.split('%')[0]!.split('::') as [string, string?]
  const groups = head.split(':').filter((group) => group !== '')
  const last = (tail ?? '').split(':').filter((group) => group !== '')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - last.length)
  return `${[...groups, ...Array<string>(zeros).fill('0'), ...last].slice(0, 4).join(':')}::/64`
}
