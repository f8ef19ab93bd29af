import type { CallOptions } from '@connectrpc/connect'
import {
  type CollectedEntry as EntryMessage,
  type CollectedResponse,
  dateFromProto,
  numberFromProto,
} from '@corral/api'

import type { Link } from '../calls/link.ts'
import { fromMessage } from '../calls/messages.ts'

/** A file or a folder that was collected from a job. */
export interface CollectedEntry {
  /** Relative to the path that was asked for; empty: it is that. */
  path: string
  type: 'file' | 'directory'
  /** Permission bits. */
  mode: number
  /** Bytes; of a folder 0. */
  size: number
  modifiedAt: Date
  /** What is in a file; to be read before the next entry is asked for, which else passes over it. Of a folder, nothing. */
  content: AsyncIterable<Uint8Array>
}

/**
 * What was collected, folders before what is in them. When the connection is lost, the daemon begins again, and what was
 * given already is passed over: nobody changes what was collected.
 */
export async function* readCollected(
  link: Link,
  name: string,
  path: string,
): AsyncGenerator<CollectedEntry, void, undefined> {
  const messages = new CollectedMessages(link, name, path)
  try {
    for (let entry = await messages.nextEntry(); entry; entry = await messages.nextEntry()) {
      yield { ...fromMessage(link.address, () => readEntry(entry)), content: messages.content(messages.count) }
    }
  } finally {
    messages.close()
  }
}

function readEntry({ path, directory, mode, size, modifiedAt }: EntryMessage): Omit<CollectedEntry, 'content'> {
  return {
    path,
    type: directory ? 'directory' : 'file',
    mode,
    size: directory ? 0 : numberFromProto('entry.size', size),
    modifiedAt: dateFromProto('entry.modified_at', modifiedAt),
  }
}

/** The messages of one collection: entries, each with parts of a file behind it, over as many connections as it takes. */
class CollectedMessages {
  readonly #gone = new AbortController()
  readonly #messages: AsyncGenerator<CollectedResponse, void, undefined>
  /** What was given: entries, and bytes of the last one. */
  #entries = 0
  #bytes = 0
  /** The same of what this connection has brought. */
  #seenEntries = 0
  #seenBytes = 0
  /** The entry that was come upon after the last one's content. */
  #ahead: EntryMessage | undefined
  /** Data that came in the message of its entry. */
  #data: Uint8Array | undefined

  constructor(link: Link, name: string, path: string) {
    const open = (options: CallOptions): AsyncIterable<CollectedResponse> => {
      this.#seenEntries = this.#seenBytes = 0
      return link.jobs.collected({ name, path }, options)
    }
    this.#messages = link.follow(open, this.#gone.signal)
  }

  /** The next entry, past what is left of the last one's content; undefined: there is none. */
  async nextEntry(): Promise<EntryMessage | undefined> {
    while (!this.#ahead) if (!(await this.#nextData())) break
    const entry = this.#ahead
    this.#ahead = undefined
    return entry
  }

  /** How many entries were given. */
  get count(): number {
    return this.#entries
  }

  /** The content of the `entry`th entry, if no other has been asked for since. */
  async *content(entry: number): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#entries === entry && !this.#ahead) {
      const data = await this.#nextData()
      if (data === undefined) return
      if (data.length > 0) yield data
    }
  }

  close(): void {
    this.#gone.abort()
  }

  /** The next data of the current entry, empty when another entry has begun instead; undefined at the end of all. */
  async #nextData(): Promise<Uint8Array | undefined> {
    const kept = this.#data
    this.#data = undefined
    if (kept) return this.#newOf(kept)
    const { done, value } = await this.#messages.next()
    if (done) return undefined
    if (!value.entry) return this.#newOf(value.data)
    this.#seenEntries++
    this.#seenBytes = 0
    this.#data = value.data.length > 0 ? value.data : undefined
    if (this.#seenEntries > this.#entries) {
      this.#entries = this.#seenEntries
      this.#bytes = 0
      this.#ahead = value.entry
    }
    return new Uint8Array()
  }

  /** What of a part was not given before. */
  #newOf(data: Uint8Array): Uint8Array {
    const begins = this.#seenBytes
    this.#seenBytes += data.length
    if (this.#seenEntries < this.#entries || this.#seenBytes <= this.#bytes) return new Uint8Array()
    const fresh = data.subarray(this.#bytes - begins)
    this.#bytes = this.#seenBytes
    return fresh
  }
}
