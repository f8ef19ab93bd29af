import { statSync } from 'node:fs'
import { join } from 'node:path'

import { JobNameTakenError } from '@corral/runner'

import { DaemonError } from '../../errors.ts'
import type { StartOrder } from '../contract.ts'
import { ManagedJob } from '../job.ts'
import { defaultMaxQueued, defaultMaxQueuedPerOwner } from '../options.ts'
import { checkQuota, checkRate } from '../quota/usage.ts'
import { demandOf } from '../quota/demand.ts'
import { type JobRecord, type Plan, shownCommand } from '../record/record.ts'
import type { Rooms } from '../rooms.ts'

/** Milliseconds for which the size of outputs that grow is taken to be what was measured. */
const measuredMs = 1_000

/** Decides whether a job may be started, and whether it waits; and takes its place. */
export class Admission {
  readonly #rooms: Rooms
  #lastOrder = 0
  /** By owner, since when it was measured first. */
  readonly #measured = new Map<string, number>()
  #measuredAt = 0

  constructor(rooms: Rooms) {
    this.#rooms = rooms
  }

  /** Jobs that wait and were found on the disk have come before all others. */
  noteOrder(order: number): void {
    this.#lastOrder = Math.max(this.#lastOrder, order)
  }

  /** Bytes of output that an owner's jobs which have not ended hold, as of a second ago at the most. */
  activeBytes(owner: string): number {
    const now = performance.now()
    if (now - this.#measuredAt > measuredMs) this.#measured.clear()
    if (this.#measured.size === 0) this.#measuredAt = now
    const known = this.#measured.get(owner)
    if (known !== undefined) return known
    const bytes = this.#measure(owner)
    this.#measured.set(owner, bytes)
    return bytes
  }

  #measure(owner: string): number {
    const { registry, runner } = this.#rooms
    let bytes = 0
    for (const job of registry.sorted) {
      if (job.owner !== owner || job.hasEnded) continue
      const attempt = job.currentName
      const ofCurrent = attempt === undefined ? 0 : keptNow(join(runner.storageRoot, 'jobs', attempt, 'output'))
      bytes += job.keptBytesWith(ofCurrent)
    }
    return bytes
  }

  /**
   * Takes a place for a job, among those that run or those that wait, all at once: what two orders that come together
   * see is never the same.
   * @throws {DaemonError | InvalidOptionError | JobNameTakenError}
   */
  admit(order: StartOrder, name: string, fingerprint: string): ManagedJob {
    const { registry, slots, book, draining } = this.#rooms
    const { owner } = order
    if (draining) throw new DaemonError('DRAINING', 'the daemon is about to leave and starts no more jobs: try again')
    if (registry.has(name)) throw new JobNameTakenError(name)
    const now = Date.now()
    const demand = demandOf(order.config)
    checkRate(order.quota, book, owner, now)
    const activeBytes = order.quota.maxOutputBytes === undefined ? 0 : this.activeBytes(owner)
    checkQuota(order.quota, book.usage(owner, activeBytes, now), demand)
    const mayRun = slots.hasRoom(owner)
    if (!mayRun) this.#checkQueue(order)
    const plan: Plan = mayRun ? { do: 'start' } : { do: 'queue', order: this.#nextOrder(now) }
    const job = new ManagedJob(newRecord(order, name, fingerprint, plan, now), mayRun ? 'starting' : 'queued')
    if (mayRun) slots.take(owner)
    book.take(owner, demand)
    book.noteStart(owner, now)
    registry.add(job)
    return job
  }

  /** A start has failed: nothing is left of it but that it was tried. */
  async undo(job: ManagedJob): Promise<void> {
    const { registry, slots, book, store, inputs } = this.#rooms
    if (job.record.plan.do === 'start') slots.give(job.owner)
    book.give(job.owner, job.record.demand)
    inputs.close(job.name)
    // The name is free once nothing is left on the disk either.
    await store.forget(job.name).finally(() => registry.delete(job))
  }

  #checkQueue({ whenFull, owner }: StartOrder): void {
    const { options, queue } = this.#rooms
    if (whenFull === 'refuse') {
      const { maxActive, maxActivePerOwner } = options
      const bounds = `at most ${maxActive ?? 'any number'} run at once, of one owner ${maxActivePerOwner ?? 'any number'}`
      throw new DaemonError('TOO_MANY_JOBS', `no more jobs may run, and this start would not wait: ${bounds}`, {
        owner,
      })
    }
    const { maxQueued = defaultMaxQueued, maxQueuedPerOwner = defaultMaxQueuedPerOwner } = options
    refuseBeyond(queue.size, 'maxQueued', maxQueued)
    refuseBeyond(queue.sizeOf(owner), 'maxQueuedPerOwner', maxQueuedPerOwner, ` of ${owner}`)
  }

  /** Later than all before, also when the clock was set back. */
  #nextOrder(now: number): number {
    this.#lastOrder = Math.max(this.#lastOrder + 1, now * 1000)
    return this.#lastOrder
  }
}

/** Refuses one more that waits beyond a bound; `whose` says of whom those are that are counted. */
function refuseBeyond(waiting: number, bound: 'maxQueued' | 'maxQueuedPerOwner', most: number, whose = ''): void {
  if (waiting < most) return
  const message = `no more jobs may run, and ${waiting}${whose} wait already: accepted are ${most} (${bound})`
  throw new DaemonError('QUEUE_FULL', message, { [bound]: String(most) })
}

/** What a file takes on the disk; what was dropped of it takes nothing. */
function keptNow(path: string): number {
  const file = statSync(path, { throwIfNoEntry: false })
  return file ? Math.min(file.size, file.blocks * 512) : 0
}

function newRecord(order: StartOrder, name: string, fingerprint: string, plan: Plan, createdAt: number): JobRecord {
  const { owner, requestId, restart, priority, streamsInput, config, quota } = order
  return {
    version: 1,
    name,
    owner,
    requestId: requestId ?? null,
    fingerprint: requestId === undefined ? null : fingerprint,
    createdAt,
    restart,
    priority,
    streamsInput,
    command: shownCommand(config.command),
    labels: { ...config.labels },
    demand: demandOf(config),
    quota,
    promised: false,
    plan,
    attempts: [],
    starts: 0,
    forgottenBytes: 0,
    quickRestarts: 0,
    stop: null,
  }
}
