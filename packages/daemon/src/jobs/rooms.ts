import type { ManagedEvent, ManagedSummary } from '@corral/api'
import type { CgroupRunner } from '@corral/runner'

import { defaultMinFreeBytes, FreeSpace } from './disk.ts'
import type { InputChannels } from './input/channels.ts'
import type { ManagedJob } from './job.ts'
import type { Journal } from './journal/journal.ts'
import type { JobLog } from './log.ts'
import type { JobManagerOptions } from './options.ts'
import { JobQueue } from './queue/queue.ts'
import { QuotaBook } from './quota/usage.ts'
import type { RecordStore } from './record/store.ts'
import type { ToldEvents } from './recover/told.ts'
import { JobRegistry } from './registry.ts'
import { Slots } from './slots.ts'
import { summarize } from './summary.ts'

/** What the parts of the job manager share. */
export class Rooms {
  readonly options: JobManagerOptions
  readonly runner: CgroupRunner
  readonly store: RecordStore
  readonly journal: Journal
  readonly inputs: InputChannels
  readonly log: JobLog
  readonly registry: JobRegistry
  readonly queue = new JobQueue<ManagedJob>()
  readonly slots: Slots
  readonly book = new QuotaBook()
  readonly freeSpace: FreeSpace
  /** No more jobs are started. */
  draining = false
  /** Nothing is started yet, and nothing removed: not all jobs are known. Also what has been told of those that are found. */
  recovering: ToldEvents | undefined

  constructor(
    options: JobManagerOptions,
    parts: { runner: CgroupRunner; store: RecordStore; journal: Journal; inputs: InputChannels; log: JobLog },
  ) {
    this.options = options
    this.runner = parts.runner
    this.store = parts.store
    this.journal = parts.journal
    this.inputs = parts.inputs
    this.log = parts.log
    this.registry = new JobRegistry(parts.runner.storageRoot)
    this.slots = new Slots(options)
    this.freeSpace = new FreeSpace(parts.runner.storageRoot, options.minFreeBytes ?? defaultMinFreeBytes)
  }

  /** What is said of a job. */
  summary(job: ManagedJob): ManagedSummary {
    return summarize(job, job.phase === 'queued' ? this.queue.positionOf(job) : 0)
  }

  /** Tells whoever watches; what is known to have been told is not told again. */
  tell(job: ManagedJob, event: ManagedEvent): void {
    if (!this.recovering?.has(event)) this.journal.append({ owner: job.owner, event })
  }

  /**
   * Writes a job's record; a disk that takes none is no reason to fail: what is on it leads to the same after a crash, or
   * to what was true before.
   */
  async keep(job: ManagedJob): Promise<void> {
    await this.write(job).catch((error: unknown) => {
      this.log.error({ err: error, job: job.name }, 'could not write the record of a job')
    })
  }

  /** The same, for who cannot go on without. */
  async write(job: ManagedJob): Promise<void> {
    if (job.isLeaving) return
    job.isWritten = false
    const turn = ++job.writes
    await this.store.write(job.record, { durable: true })
    // Of a later change only its own writing says so.
    job.isWritten = turn === job.writes
  }
}
