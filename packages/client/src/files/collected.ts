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

/** What was collected, folders before what is in them; nobody changes that, so that what was cut off goes on where it was. */
export async function* readCollected(
  link: Link,
  name: string,
  path: string,
): AsyncGenerator<CollectedEntry, void, undefined> {
  const messages = new CollectedMessages(link, name, path)
  try {
    for (let entry = await messages.nextEntry(); entry; entry = await messages.nextEntry()) {
      yield { ...fromMessage(link.address, () => readEntry(entry)), content: messages.content(entry) }
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
  #receivedEntries = 0n
  /** Of the last entry. */
  #receivedBytes = 0n
  /** Whose content comes now. */
  #current: EntryMessage | undefined
  /** A message that was received, and belongs to what is asked for next. */
  #ahead: CollectedResponse | undefined

  constructor(link: Link, name: string, path: string) {
    const open = (options: CallOptions): AsyncIterable<CollectedResponse> => {
      const received = { receivedEntries: this.#receivedEntries, receivedBytes: this.#receivedBytes }
      return link.jobs.collected({ name, path, ...received }, options)
    }
    this.#messages = link.follow(open, this.#gone.signal)
  }

  /** The next entry, past what is left of the last one's content; undefined: there is none. */
  async nextEntry(): Promise<EntryMessage | undefined> {
    for (;;) {
      const message = this.#ahead ?? (await this.#next())
      this.#ahead = undefined
      if (!message) return undefined
      if (!message.entry) continue
      this.#current = message.entry
      // An entry's message may hold the first of its data.
      if (message.data.length > 0) this.#ahead = { ...message, entry: undefined }
      return message.entry
    }
  }

  /** The content of an entry, until another one is asked for. */
  async *content(entry: EntryMessage): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#current === entry) {
      const message = this.#ahead ?? (await this.#next())
      this.#ahead = message?.entry ? message : undefined
      if (!message || message.entry) return
      yield message.data
    }
  }

  close(): void {
    this.#gone.abort()
  }

  async #next(): Promise<CollectedResponse | undefined> {
    const { done, value } = await this.#messages.next()
    if (done) return undefined
    if (value.entry) {
      this.#receivedEntries++
      this.#receivedBytes = 0n
    }
    this.#receivedBytes += BigInt(value.data.length)
    return value
  }
}
