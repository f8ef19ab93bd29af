import type { QuotaBounds, QuotaUsage } from '@corral/api'
import { InvalidOptionError } from '@corral/runner'

import { DaemonError } from '../../errors.ts'
import type { Demand } from '../record/record.ts'

const minuteMs = 60_000

/** What one owner uses. */
class Account {
  jobs = 0
  memoryBytes = 0
  cpus = 0
  /** Of jobs that have ended. */
  keptBytes = 0
  /** When jobs were started in the last minute, in milliseconds since the epoch. */
  starts: number[] = []

  dropOldStarts(now: number): void {
    const first = this.starts.findIndex((at) => at > now - minuteMs)
    this.starts.splice(0, first < 0 ? this.starts.length : first)
  }

  get isEmpty(): boolean {
    return this.jobs === 0 && this.keptBytes === 0 && this.starts.length === 0
  }
}

/** What is used of quotas, by owner. */
export class QuotaBook {
  readonly #accounts = new Map<string, Account>()

  /** A job that has not ended takes its demand. */
  take(owner: string, { memoryBytes, cpus }: Demand): void {
    const account = this.#account(owner)
    account.jobs++
    account.memoryBytes += memoryBytes ?? 0
    account.cpus += cpus ?? 0
  }

  give(owner: string, { memoryBytes, cpus }: Demand): void {
    const account = this.#account(owner)
    account.jobs--
    account.memoryBytes -= memoryBytes ?? 0
    // Sums of fractions come out at a little beside nothing.
    account.cpus = account.jobs === 0 ? 0 : account.cpus - (cpus ?? 0)
    this.#tidy(owner, account)
  }

  /** Output of ended jobs that is kept from now on, or with a negative number, no longer. */
  keep(owner: string, bytes: number): void {
    const account = this.#account(owner)
    account.keptBytes += bytes
    this.#tidy(owner, account)
  }

  noteStart(owner: string, at: number): void {
    this.#account(owner).starts.push(at)
  }

  /** `activeBytes`: of output of jobs that have not ended. */
  usage(owner: string, activeBytes: number, now: number): QuotaUsage {
    const account = this.#accounts.get(owner) ?? new Account()
    account.dropOldStarts(now)
    const { jobs, memoryBytes, cpus, keptBytes, starts } = account
    return { jobs, memoryBytes, cpus, outputBytes: keptBytes + activeBytes, startsInLastMinute: starts.length }
  }

  /** When the first of the starts in the last minute will no longer count, in milliseconds from now. */
  nextStartMs(owner: string, now: number): number {
    const first = this.#accounts.get(owner)?.starts[0]
    return first === undefined ? 0 : Math.max(1, first + minuteMs - now)
  }

  #account(owner: string): Account {
    const found = this.#accounts.get(owner) ?? new Account()
    this.#accounts.set(owner, found)
    return found
  }

  #tidy(owner: string, account: Account): void {
    account.dropOldStarts(Date.now())
    if (account.isEmpty) this.#accounts.delete(owner)
  }
}

/**
 * Whether one more job of such a demand fits.
 * @throws {DaemonError} `QUOTA_EXCEEDED`
 * @throws {InvalidOptionError} for a job that must say how much it may use, and does not.
 */
export function checkQuota(bounds: QuotaBounds, usage: QuotaUsage, demand: Demand): void {
  refuse('maxJobs', 'jobs', bounds.maxJobs, usage.jobs + 1)
  checkDemand(bounds, usage, demand)
  refuse('maxOutputBytes', 'bytes of output', bounds.maxOutputBytes, usage.outputBytes + 1)
}

/** The same, for the memory and the CPUs alone. */
export function checkDemand(bounds: QuotaBounds, usage: QuotaUsage, demand: Demand): void {
  const { maxMemoryBytes, maxCpus } = bounds
  if (maxMemoryBytes !== undefined && demand.memoryBytes === null) {
    throw new InvalidOptionError('memoryMax', undefined, `bytes, as the quota is ${maxMemoryBytes} bytes for all jobs`)
  }
  if (maxCpus !== undefined && demand.cpus === null) {
    throw new InvalidOptionError('cpuMax', undefined, `a bound, as the quota is ${maxCpus} CPUs for all jobs`)
  }
  refuse('maxMemoryBytes', 'bytes of memory', maxMemoryBytes, usage.memoryBytes + (demand.memoryBytes ?? 0))
  refuse('maxCpus', 'CPUs', maxCpus, usage.cpus + (demand.cpus ?? 0))
}

function refuse(quota: string, unit: string, bound: number | undefined, wanted: number): void {
  if (bound === undefined || wanted <= bound) return
  const message = `the quota is ${bound} ${unit}; with this start it would be ${wanted}`
  throw new DaemonError('QUOTA_EXCEEDED', message, { quota, bound: String(bound), wanted: String(wanted) })
}

/** @throws {DaemonError} `RATE_LIMITED` */
export function checkRate(bounds: QuotaBounds, book: QuotaBook, owner: string, now: number): void {
  const bound = bounds.maxStartsPerMinute
  if (bound === undefined || book.usage(owner, 0, now).startsInLastMinute < bound) return
  const retryAfterMs = String(book.nextStartMs(owner, now))
  const message = `the quota is ${bound} starts a minute: try again in ${retryAfterMs} ms`
  throw new DaemonError('RATE_LIMITED', message, { quota: 'maxStartsPerMinute', bound: String(bound), retryAfterMs })
}
