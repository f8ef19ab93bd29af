import { CorralError } from '../errors/corral-error.ts'
import { errnoName, errnoText } from '../errors/errno.ts'
import { settleEnd } from '../result/settle.ts'
import { bootId } from '../store/identity.ts'
import type { JobFolder } from '../store/job-folder.ts'
import type { Field, FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import { Disconnected, type LauncherConnection } from './connection.ts'
import { type LauncherSession, type LauncherWish, openLauncher, requireCgroups } from './launcher.ts'

/** How many ends are remembered, so that a job that ended before `wait` was called costs no look at the disk. */
const recentEnds = 1024

/** Whom a session tells. */
interface SessionHandlers {
  /** The launcher says that something happened. */
  event(event: FieldList): void
  /** This runner is the first of a launcher: puts in order what the last one left. Never rejects. */
  recover(session: LauncherSession, signal: AbortSignal): Promise<void>
  /** The launcher died. */
  lost(): void
}

/** Where jobs are to live. */
type Where = Pick<LauncherWish, 'cgroupParent' | 'ownScope'>

type EndListener = (end: FieldList | null) => void

/**
 * The launcher as the runner sees it: there when needed, replaced when it died, and telling the end of every job that
 * somebody waits for, whoever started it and however many launchers it outlived.
 */
export class Session {
  readonly #storage: Storage
  readonly #where: Where
  readonly #handlers: SessionHandlers
  readonly #closing = new AbortController()
  #current: Promise<LauncherSession> | undefined
  /** The connection of `#current`, from when it is there until it is lost. */
  #connection: LauncherConnection | undefined
  #recovery: Promise<void> = Promise.resolve()
  /** Looking again for cgroups. */
  #looking: Promise<void> | undefined
  #holds = 0
  /** Jobs whose end this connection will tell. */
  readonly #followed = new Set<string>()
  readonly #recent = new Map<string, FieldList>()
  readonly #listeners = new Map<string, Set<EndListener>>()

  constructor(storage: Storage, where: Where, handlers: SessionHandlers) {
    this.#storage = storage
    this.#where = where
    this.#handlers = handlers
  }

  /**
   * The session, connected; a launcher is started when there is none. For a job that is to have cgroups there must be some.
   * @throws {CorralError} `CGROUP_UNAVAILABLE` when they are needed and none can be had.
   */
  async open({ needsCgroups = false } = {}): Promise<LauncherSession> {
    if (this.#closing.signal.aborted) throw new CorralError('CLOSED', 'the runner has been closed')
    const session = await (this.#current ??= this.#connect(needsCgroups))
    if (needsCgroups && session.place.mode === 'none') {
      this.#looking ??= requireCgroups(session, this.#storage, this.#where).finally(() => {
        this.#looking = undefined
      })
      await this.#looking
    }
    return session
  }

  /** Connected, and what an earlier launcher left, if this runner is the one to do it, has been put in order. */
  async recovered(): Promise<void> {
    await this.open()
    await this.#recovery
  }

  /** Sends a request; an error reply is given back like any other. Rejects with `Disconnected`. */
  async request(type: string, fields: readonly Field[]): Promise<FieldList> {
    const { connection } = await this.open()
    return connection.request(type, fields)
  }

  /** Keeps the process alive until as many releases, whatever becomes of launchers meanwhile. */
  hold(): void {
    if (this.#holds++ === 0) this.#connection?.hold()
  }

  release(): void {
    if (--this.#holds === 0) this.#connection?.release()
  }

  /** Tells all runners of the storage root, best effort: what it tells is on disk already. */
  async announce(event: string, name: string): Promise<void> {
    if (event === 'removed') this.#recent.delete(name)
    const current = await this.#current?.catch(() => undefined)
    await current?.connection
      .request('announce', [
        ['event', event],
        ['name', name],
      ])
      .catch(() => {})
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
    if (boot !== bootId()) return settleEnd(folder)
    const { connection } = await this.open()
    const fields: Field[] = [
      ['name', folder.name],
      ['pid', pid],
      ['starttime', startTime],
    ]
    // The end may come in one piece with the reply: it is noted that it will be told before it is looked at.
    const note = (reply: FieldList): void => {
      if (reply.get('type') !== 'error') this.#followed.add(folder.name)
    }
    try {
      const reply = await connection.request('watch', fields, { onReply: note })
      if (reply.get('type') === 'error') return await this.#unwatched(folder, reply)
    } catch (error) {
      if (error instanceof Disconnected) return undefined
      throw error
    }
    if (this.#followed.has(folder.name) || connection !== this.#connection) return undefined
    return this.#recent.get(folder.name) ?? settleEnd(folder)
  }

  /** The launcher would not watch a job: because its init is gone, or because it cannot tell. */
  async #unwatched(folder: JobFolder, reply: FieldList): Promise<FieldList> {
    const errno = errnoName(reply.number('errno') ?? 0)
    if (errno === 'ESRCH') return settleEnd(folder)
    const hint =
      errno === 'EACCES' || errno === 'EPERM'
        ? '; /proc may hide its processes (mounted with hidepid, see proc(5))'
        : ''
    const message = `could not watch job ${folder.name}: ${errnoText(errno)} (${errno})${hint}`
    throw new CorralError('CONTROL_FAILED', message, { errno, syscall: 'pidfd_open' })
  }

  /** Null: the connection was lost. */
  async #nextEnd(name: string, signal: AbortSignal | undefined): Promise<FieldList | null> {
    const connection = this.#connection
    if (!connection?.open) return null
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
    this.#closing.abort()
    const current = await this.#current?.catch(() => undefined)
    await this.#recovery
    await current?.connection.close()
  }

  async #connect(needsCgroups: boolean): Promise<LauncherSession> {
    try {
      const wish = { ...this.#where, needsCgroups }
      const session = await openLauncher(this.#storage, wish, (event) => this.#take(event))
      const { connection } = session
      this.#connection = connection
      if (this.#holds > 0) connection.hold()
      void connection.closed.then(() => this.#lose())
      if (session.fresh) this.#recovery = this.#recover(session, this.#recovery)
      return session
    } catch (error) {
      this.#current = undefined
      throw error
    }
  }

  /** One after the other: what an earlier recovery has seen may be gone, and made anew, by the time that it acts on it. */
  async #recover(session: LauncherSession, earlier: Promise<void>): Promise<void> {
    const gone = new AbortController()
    void session.connection.closed.then(() => gone.abort())
    await earlier
    await this.#handlers.recover(session, AbortSignal.any([this.#closing.signal, gone.signal]))
  }

  /** The launcher is gone. Whoever waits looks at the disk, and has the next launcher watch what still runs. */
  #lose(): void {
    this.#current = undefined
    this.#connection = undefined
    this.#followed.clear()
    // Nobody will tell when these names are given to other jobs.
    this.#recent.clear()
    const waiting = [...this.#listeners.values()]
    this.#listeners.clear()
    for (const listeners of waiting) for (const listener of listeners) listener(null)
    if (!this.#closing.signal.aborted) this.#handlers.lost()
  }

  #take(event: FieldList): void {
    // While connecting nothing is noted: the connection may yet fail, and what it would have told remain untold.
    if (this.#connection) this.#note(event.get('name') ?? '', event)
    this.#handlers.event(event)
  }

  #note(name: string, event: FieldList): void {
    if (event.get('event') === 'started') {
      this.#recent.delete(name)
      this.#followed.add(name)
    } else if (event.get('event') === 'removed') {
      this.#recent.delete(name)
    } else if (event.get('event') === 'exited') {
      this.#followed.delete(name)
      // What was removed with its end is told to those who wait, and unknown to those who come later.
      if (event.get('finished') !== undefined && event.get('removed') === undefined) this.#remember(name, event)
      for (const listener of this.#listeners.get(name) ?? []) listener(event)
    }
  }

  #remember(name: string, end: FieldList): void {
    this.#recent.set(name, end)
    if (this.#recent.size > recentEnds) this.#recent.delete(this.#recent.keys().next().value!)
  }
}
