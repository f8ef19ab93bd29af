import { CorralError } from '../errors/corral-error.ts'
import { settleEnd } from '../result/settle.ts'
import type { JobFolder } from '../store/job-folder.ts'
import type { Field, FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import { Disconnected } from './connection.ts'
import { type LauncherSession, openLauncher } from './launcher.ts'

/** How many ends are remembered, so that a job that ended before `wait` was called costs no look at the disk. */
const recentEnds = 1024

/** Whom a session tells. */
export interface SessionHandlers {
  /** The launcher says that something happened. */
  event(event: FieldList): void
  /** This process has started a launcher. */
  fresh(session: LauncherSession): void
  /** The launcher died. */
  lost(): void
}

type EndListener = (end: FieldList | null) => void

/**
 * The launcher as the runner sees it: there when needed, replaced when it died, and telling the end of every job that
 * somebody waits for, whoever started it and however many launchers it outlived.
 */
export class Session {
  readonly #storage: Storage
  readonly #cgroupParent: string | undefined
  readonly #handlers: SessionHandlers
  #current: Promise<LauncherSession> | undefined
  #closed = false
  /** Jobs whose end this connection will tell. */
  readonly #followed = new Set<string>()
  readonly #recent = new Map<string, FieldList>()
  readonly #listeners = new Map<string, Set<EndListener>>()

  constructor(
    storage: Storage,
    cgroupParent: string | undefined,
    handlers: SessionHandlers,
  ) {
    this.#storage = storage
    this.#cgroupParent = cgroupParent
    this.#handlers = handlers
  }

  /** The session, connected; a launcher is started when there is none. */
  async open(): Promise<LauncherSession> {
    if (this.#closed) throw new CorralError('CLOSED', 'the runner has been closed')
    this.#current ??= this.#connect()
    return this.#current
  }

  /** Sends a request; an error reply is given back like any other. */
  async request(type: string, fields: readonly Field[]): Promise<FieldList> {
    const { connection } = await this.open()
    return connection.request(type, fields)
  }

  /** Tells all runners of the storage root, best effort: what it tells is on disk already. */
  async announce(event: string, name: string): Promise<void> {
    const current = await this.#current?.catch(() => undefined)
    await current?.connection.request('announce', [['event', event], ['name', name]]).catch(() => {})
  }

  /**
   * Resolves with a job's exit record once it has ended.
   * @throws {JobNotFoundError}
   */
  async end(folder: JobFolder, signal?: AbortSignal): Promise<FieldList> {
    for (;;) {
      signal?.throwIfAborted()
      const known = this.#recent.get(folder.name)
      if (known) return known
      if (!this.#followed.has(folder.name)) {
        const ended = await this.follow(folder)
        if (ended) return ended
        continue
      }
      const end = await this.#nextEnd(folder.name, signal)
      if (end) return end.get('finished') === undefined ? settleEnd(folder) : end
    }
  }

  /** Has the launcher watch a job that it may not know; gives the exit record when it has ended already. */
  async follow(folder: JobFolder): Promise<FieldList | undefined> {
    const ended = await folder.readExit()
    if (ended) return ended
    const record = await folder.readInit()
    if (!record?.started) throw folder.notFound()
    const { pid, startTime, boot } = record.init
    try {
      const reply = await this.request('watch', [
        ['name', folder.name],
        ['pid', pid],
        ['starttime', startTime],
        ['boot', boot],
      ])
      if (reply.get('type') === 'error') return await settleEnd(folder)
      this.#followed.add(folder.name)
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
    }
    return undefined
  }

  /** Null: the connection was lost. */
  async #nextEnd(name: string, signal: AbortSignal | undefined): Promise<FieldList | null> {
    const { connection } = await this.open()
    if (!connection.open) return null
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    connection.hold()
    const { promise, resolve, reject } = Promise.withResolvers<FieldList | null>()
    const abort = (): void => reject(signal!.reason)
    listeners.add(resolve)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
      listeners.delete(resolve)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name)
      connection.release()
    }
  }

  /** Ends the connection; nothing more is told. */
  async close(): Promise<void> {
    this.#closed = true
    const current = await this.#current?.catch(() => undefined)
    await current?.connection.close()
  }

  async #connect(): Promise<LauncherSession> {
    try {
      const session = await openLauncher(this.#storage, this.#cgroupParent, (event) => this.#take(event))
      void session.connection.closed.then(() => this.#lose())
      if (session.fresh) this.#handlers.fresh(session)
      return session
    } catch (error) {
      this.#current = undefined
      throw error
    }
  }

  /** The launcher is gone. Whoever waits looks at the disk, and has the next launcher watch what still runs. */
  #lose(): void {
    this.#current = undefined
    this.#followed.clear()
    const waiting = [...this.#listeners.values()]
    this.#listeners.clear()
    for (const listeners of waiting) for (const listener of listeners) listener(null)
    if (!this.#closed) this.#handlers.lost()
  }

  #take(event: FieldList): void {
    const name = event.get('name') ?? ''
    if (event.get('event') === 'started') {
      this.#recent.delete(name)
      this.#followed.add(name)
    } else if (event.get('event') === 'removed') {
      this.#recent.delete(name)
    } else if (event.get('event') === 'exited') {
      this.#followed.delete(name)
      if (event.get('finished') !== undefined) this.#remember(name, event)
      for (const listener of this.#listeners.get(name) ?? []) listener(event)
    }
    this.#handlers.event(event)
  }

  #remember(name: string, end: FieldList): void {
    this.#recent.set(name, end)
    if (this.#recent.size > recentEnds) this.#recent.delete(this.#recent.keys().next().value!)
  }
}
