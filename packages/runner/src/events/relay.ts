import { CorralError } from '../errors/corral-error.ts'
import { JobNotFoundError } from '../errors/mistakes.ts'
import type { Session } from '../launch/session.ts'
import { endedStatus } from '../result/status.ts'
import { forEachAbreast } from '../store/abreast.ts'
import { JobFolder } from '../store/job-folder.ts'
import type { FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import type { EventHub, JobEvent } from './events.ts'

/** Turns what the launcher tells into events of jobs, and finds out what it could not tell. */
export class EventRelay {
  readonly #storage: Storage
  readonly #session: Session
  readonly #hub: EventHub
  /** Jobs whose end is yet to be told. */
  readonly #active = new Set<string>()
  /** Jobs whose end has been told, as long as they are there. */
  readonly #told = new Set<string>()
  #following: Promise<void> = Promise.resolve()

  constructor(storage: Storage, session: Session, hub: EventHub) {
    this.#storage = storage
    this.#session = session
    this.#hub = hub
  }

  /** What happens from this call on, see `EventHub.listen`. */
  listen(signal?: AbortSignal): AsyncIterableIterator<JobEvent, void> {
    const isFirst = !this.#hub.watched
    const events = this.#hub.listen(() => this.#begin(), signal)
    if (isFirst && this.#hub.watched) this.#restart()
    return events
  }

  /** Takes an event of the launcher's. */
  take(event: FieldList): void {
    if (!this.#hub.watched) return
    const name = event.get('name') ?? ''
    switch (event.get('event')) {
      case 'started':
        this.#told.delete(name)
        this.#active.add(name)
        this.#hub.emit({ type: 'started', name, at: new Date(event.number('started')!), pid: event.number('command')! })
        break
      case 'exited':
        if (event.get('finished') !== undefined) this.#emitEnd(name, event)
        else {
          this.#active.add(name)
          void this.#awaitEnd(name)
        }
        if (event.get('removed') !== undefined) this.#emitRemoved(name)
        break
      case 'removed':
        this.#emitRemoved(name)
        break
    }
  }

  /** The launcher died: follows all jobs that run through the next one. */
  resume(): void {
    if (this.#hub.watched) this.#follow()
  }

  /** For the first listener, all is new. */
  #restart(): void {
    this.#active.clear()
    this.#told.clear()
    this.#follow()
  }

  /** Ready once all jobs are followed; the process then lives as long as somebody listens. */
  async #begin(): Promise<() => void> {
    await this.#following
    this.#session.hold()
    return () => this.#session.release()
  }

  /** Follows all jobs that run; when that fails, so do the listeners. */
  #follow(): void {
    this.#following = this.#followAll()
    this.#following.catch((error: unknown) => this.#hub.fail(error))
  }

  async #followAll(): Promise<void> {
    await this.#session.open()
    const names = new Set([...this.#active, ...(await this.#storage.names())])
    await forEachAbreast(names, async (name) => {
      if (await this.#isToBeTold(name)) void this.#awaitEnd(name)
    })
  }

  /** Whether a job's end will be news. */
  async #isToBeTold(name: string): Promise<boolean> {
    if (this.#active.has(name)) return true
    const folder = new JobFolder(this.#storage, name)
    if ((await folder.readExit()) || !(await folder.readInit())?.started) return false
    // An end that was told since is that of this job.
    if (this.#told.has(name) && (await folder.readExit())) return false
    this.#told.delete(name)
    this.#active.add(name)
    return true
  }

  async #awaitEnd(name: string): Promise<void> {
    try {
      const end = await this.#session.end(new JobFolder(this.#storage, name))
      if (this.#active.has(name)) this.#emitEnd(name, end)
    } catch (error) {
      const isOver = error instanceof JobNotFoundError || (error instanceof CorralError && error.code === 'CLOSED')
      if (isOver) this.#active.delete(name)
      else this.#hub.fail(error)
    }
  }

  /** Once for each job, however many ways its end becomes known. */
  #emitEnd(name: string, end: FieldList): void {
    this.#active.delete(name)
    if (this.#told.has(name)) return
    this.#told.add(name)
    const status = endedStatus(name, end)
    const at = status.finishedAt ?? new Date()
    if (status.oom) this.#hub.emit({ type: 'oom', name, at, status })
    this.#hub.emit({ type: 'exited', name, at, status })
  }

  #emitRemoved(name: string): void {
    this.#told.delete(name)
    this.#hub.emit({ type: 'removed', name, at: new Date() })
  }
}
