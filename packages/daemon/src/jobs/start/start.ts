import type { ManagedJob } from '../job.ts'
import type { StartOrder } from '../contract.ts'
import type { Supervisor } from '../life/supervisor.ts'
import { Teller } from '../life/teller.ts'
import { encodeConfig } from '../record/config-json.ts'
import type { Rooms } from '../rooms.ts'
import type { Admission } from './admission.ts'
import { checkOrder, fingerprintOf } from './check-order.ts'
import { Requests } from './requests.ts'

/** Takes orders to start jobs. */
export class Starts {
  readonly #rooms: Rooms
  readonly #admission: Admission
  readonly #supervisor: Supervisor
  readonly #requests: Requests
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(rooms: Rooms, admission: Admission, supervisor: Supervisor) {
    this.#rooms = rooms
    this.#admission = admission
    this.#supervisor = supervisor
    this.#requests = new Requests(rooms.registry)
  }

  /** Starts or queues a job, once for each request id. */
  async start(order: StartOrder): Promise<ManagedJob> {
    checkOrder(order)
    const fingerprint = fingerprintOf(order)
    const starting = this.#requests.once(order, fingerprint, () => this.#make(order, fingerprint))
    this.#underWay.add(starting)
    return starting.finally(() => this.#underWay.delete(starting))
  }

  /** Resolves once all that were admitted have been answered. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }

  async #make(order: StartOrder, fingerprint: string): Promise<ManagedJob> {
    const name = order.config.name ?? (this.#rooms.options.jobNamePrefix ?? 'job.') + crypto.randomUUID()
    const config = { ...order.config, name }
    await this.#rooms.freeSpace.check()
    if (!this.#rooms.slots.hasRoom(order.owner)) await this.#rooms.runner.check(config)
    const job = this.#admission.admit({ ...order, config }, name, fingerprint)
    try {
      if (job.phase === 'queued') await this.#enqueue(job, order)
      else await this.#startNow(job, order)
      return job
    } catch (error) {
      await this.#admission.undo(job)
      throw error
    }
  }

  /** It is in the queue once it is on the disk: acknowledged, it is carried out whatever happens. */
  async #enqueue(job: ManagedJob, { config }: StartOrder): Promise<void> {
    const { store, registry } = this.#rooms
    await store.writeConfig(job.name, encodeConfig(config))
    job.record.promised = true
    await store.write(job.record, { durable: true })
    registry.show(job)
    this.#supervisor.enqueue(job)
    new Teller(this.#rooms).queued(job)
    this.#supervisor.pump()
  }

  /** The record is there before the library is asked: a job that runs is never without its owner. */
  async #startNow(job: ManagedJob, { config }: StartOrder): Promise<void> {
    const { store } = this.#rooms
    const { record } = job
    const isRestarted = record.restart.mode !== 'never'
    if (isRestarted) await store.writeConfig(job.name, encodeConfig(config))
    await store.write(record, { durable: isRestarted })
    await this.#supervisor.startFirst(job, config)
    if (!isRestarted) return
    record.promised = true
    await this.#rooms.keep(job)
  }
}
