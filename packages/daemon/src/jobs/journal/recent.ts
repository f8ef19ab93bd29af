import type { Entry } from './entry.ts'

/** An entry and where its line ends in the journal. */
export interface Placed extends Entry {
  end: number
}

/** Bytes of lines whose entries are kept at hand. */
const mostBytes = 1024 * 1024

/** The latest entries, so that those who keep up need not read the disk. */
export class RecentEntries {
  #entries: Placed[] = []
  /** Where the first of them begins in the journal. */
  #start: number

  constructor(start: number) {
    this.#start = start
  }

  add(entry: Placed): void {
    this.#entries.push(entry)
    if (entry.end - this.#start > 2 * mostBytes) this.#shorten(entry.end - mostBytes)
  }

  /** Those from a place in the journal on; undefined: it is before the first. */
  from(position: number): readonly Placed[] | undefined {
    if (position < this.#start) return undefined
    return this.#entries.slice(this.#after(position))
  }

  #shorten(start: number): void {
    const after = this.#after(start)
    this.#start = this.#entries[after - 1]?.end ?? this.#start
    this.#entries = this.#entries.slice(after)
  }

  /** How many end at a place or before, by binary search. */
  #after(position: number): number {
    let [low, high] = [0, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#entries[middle]!.end <= position) low = middle + 1
      else high = middle
    }
    return low
  }
}
