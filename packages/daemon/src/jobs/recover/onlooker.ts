import { setTimeout as delay } from 'node:timers/promises'

import type { JobEvent } from '@corral/runner'

import type { ManagedJob } from '../job.ts'
import type { Removal } from '../life/removal.ts'
import { untilEnded } from '../life/stop.ts'
import type { Supervisor } from '../life/supervisor.ts'
import type { Rooms } from '../rooms.ts'
import { adopt } from './adopt.ts'
import { Resumption } from './resume.ts'

/** Milliseconds before events are listened to again after they could not be. */
const pauseMs = 1_000

/** Sees what others do with the storage root: jobs that they start are taken in, those that they remove are gone. */
export class Onlooker {
  readonly #rooms: Rooms
  readonly #resumption: Resumption
  readonly #removal: Removal
  readonly #closing = new AbortController()
  #looking: Promise<void> = Promise.resolve()

  constructor(rooms: Rooms, supervisor: Supervisor, removal: Removal) {
    this.#rooms = rooms
    this.#resumption = new Resumption(rooms, supervisor)
    this.#removal = removal
  }

  begin(): void {
    this.#looking = this.#look()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#looking
  }

  async #look(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        for await (const event of this.#rooms.runner.events({ signal })) await this.#take(event)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#rooms.log.error({ err: error }, 'could not follow what others do with the storage root')
        await delay(pauseMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  async #take({ type, name }: JobEvent): Promise<void> {
    const job = this.#rooms.registry.ofAttempt(name)
    if (type === 'started' && !job) await this.#adopt(name)
    if (type === 'removed' && job?.visible && job.currentName === name) this.#vanish(job)
  }

  async #adopt(name: string): Promise<void> {
    const { registry, runner } = this.#rooms
    const found = await runner.inspect(name).catch(() => undefined)
    const job = found && adopt(registry, found)
    if (job) this.#resumption.resume(job)
  }

  /** Somebody else has stopped and removed a job: it is not started again. */
  #vanish(job: ManagedJob): void {
    job.record.stop ??= { at: Date.now() }
    const remove = async (): Promise<void> => {
      await untilEnded(job)
      if (job.visible) await this.#removal.remove(job)
    }
    remove().catch((error: unknown) => {
      this.#rooms.log.error({ err: error, job: job.name }, 'could not forget a job that is gone')
    })
  }
}
