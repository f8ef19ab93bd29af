import { JobNotFoundError } from '../errors/mistakes.ts'
import { endedStatus } from '../result/status.ts'
import type { Session } from '../launch/session.ts'
import { JobFolder } from '../store/job-folder.ts'
import type { FieldList } from '../store/record.ts'
import type { Storage } from '../store/storage.ts'
import type { EventHub } from './events.ts'

/** Turns what the launcher tells into events of jobs, and finds out what it could not tell. */
export class EventRelay {
  readonly #storage: Storage
  readonly #session: Session
  readonly #hub: EventHub
  /** Jobs whose end is yet to be told. */
  readonly #active = new Set<string>()

  constructor(storage: Storage, session: Session, hub: EventHub) {
    this.#storage = storage
    this.#session = session
    this.#hub = hub
  }

  /** Takes an event of the launcher's. */
  take(event: FieldList): void {
    if (!this.#hub.watched) return
    const name = event.get('name') ?? ''
    switch (event.get('event')) {
      case 'started':
        this.#active.add(name)
        this.#hub.emit({ type: 'started', name, at: new Date(event.number('started')!), pid: event.number('command')! })
        break
      case 'exited':
        if (event.get('finished') === undefined) void this.#awaitEnd(name)
        else this.#emitEnd(name, event)
        if (event.get('removed') !== undefined) this.#hub.emit({ type: 'removed', name, at: new Date() })
        break
      case 'removed':
        this.#hub.emit({ type: 'removed', name, at: new Date() })
        break
    }
  }

  /** Begins to follow all jobs that run: at the first listener, and again after a launcher's death. */
  async follow(): Promise<void> {
    if (!this.#hub.watched) return
    await this.#session.open()
    const names = new Set([...this.#active, ...(await this.#storage.names())])
    for (const name of names) {
      const folder = new JobFolder(this.#storage, name)
      const wasActive = this.#active.has(name)
      if (!wasActive && ((await folder.readExit()) || !(await folder.readInit())?.started)) continue
      this.#active.add(name)
      void this.#awaitEnd(name)
    }
  }

  async #awaitEnd(name: string): Promise<void> {
    try {
      this.#emitEnd(name, await this.#session.end(new JobFolder(this.#storage, name)))
    } catch (error) {
      if (error instanceof JobNotFoundError) this.#active.delete(name)
    }
  }

  /** Once for each job, however many ways its end becomes known. */
  #emitEnd(name: string, end: FieldList): void {
    if (!this.#active.delete(name)) return
    const status = endedStatus(name, end)
    const at = status.finishedAt ?? new Date()
    if (status.oom) this.#hub.emit({ type: 'oom', name, at, status })
    this.#hub.emit({ type: 'exited', name, at, status })
  }
}
