import type { ManagedStatus, ManagedSummary } from '@corral/api'
import { Counter, Gauge, type Registry } from 'prom-client'

import type { Jobs } from '../jobs/contract.ts'
import { type Amounts, amountsOf, type Group, Groups } from './groups.ts'

export interface JobUsageOptions {
  /** Labels of jobs by which their usage is told, beside their owner: `['team']` is `label_team`. Default: none. */
  jobLabels?: readonly string[]
  /** Each job by its name. Default false: jobs with the same owner and labels are one. */
  perJob?: boolean
  /** Most of them that are told apart; the others are told as one, of the owner `(other)`. Default 200. */
  maxSeries?: number
}

/** Samples are no closer than this, in milliseconds, however often somebody asks. */
const minAgeMs = 1000

/** Jobs that are asked for their usage at once. */
const abreast = 16

/** What jobs use of the host, in groups. */
export class JobUsage {
  readonly #jobs: Jobs
  readonly #groups: Groups
  readonly #gauges: Readonly<Record<'running' | 'memoryBytes' | 'pids', Gauge>>
  readonly #counters: Readonly<Record<keyof Amounts, Counter>>
  readonly #ends: Counter
  readonly #begun = Date.now()
  /** What was counted of each job already. */
  readonly #counted = new Map<string, Amounts>()
  /** Of each sample that is being taken, what has ended since it was begun: in it that may still be as it was before. */
  readonly #ended = new Set<Set<string>>()
  #sample: { at: number; done: Promise<void> } | undefined

  constructor(registry: Registry, jobs: Jobs, options: JobUsageOptions) {
    this.#jobs = jobs
    this.#groups = new Groups(options, (group) => this.#forget(group))
    const labelNames = [...this.#groups.labelNames]
    const shared = { labelNames, registers: [registry] }
    const gauge = (name: string, help: string) => new Gauge({ name, help, ...shared })
    const counter = (name: string, help: string) => new Counter({ name, help, ...shared })
    this.#gauges = {
      running: gauge('corral_jobs_running', 'Jobs that run'),
      memoryBytes: gauge('corral_job_memory_bytes', 'Memory that running jobs use'),
      pids: gauge('corral_job_processes', 'Processes and threads of running jobs'),
    }
    this.#counters = {
      cpuSeconds: counter('corral_job_cpu_seconds_total', 'CPU time of jobs'),
      throttledSeconds: counter('corral_job_cpu_throttled_seconds_total', 'Time that jobs were held back by cpuMax'),
      readBytes: counter('corral_job_io_read_bytes_total', 'Bytes that jobs have read from disks'),
      writeBytes: counter('corral_job_io_write_bytes_total', 'Bytes that jobs have written to disks'),
      outputBytes: counter('corral_output_bytes_total', 'Bytes of output of jobs'),
      oomKills: counter('corral_job_oom_kills_total', 'Processes of jobs that were killed for memory'),
    }
    this.#ends = new Counter({
      name: 'corral_job_ends_total',
      help: 'Ends of attempts, by what became of them',
      labelNames: ['state'],
      registers: [registry],
    })
  }

  /** Counts what jobs have used at their ends, too, which nobody may have asked for before. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const { event } of this.#jobs.watch(undefined, signal)) {
      if (event?.type === 'exited') {
        const { status } = event
        this.#ends.inc({ state: status.attempts.at(-1)?.state ?? status.state })
        this.#count(status)
        this.#counted.delete(keyOf(status))
        for (const ended of this.#ended) ended.add(keyOf(status))
      }
    }
  }

  /** Asks all that run, but not more often than makes sense. */
  async refresh(): Promise<void> {
    if (!this.#sample || Date.now() - this.#sample.at >= minAgeMs) {
      this.#sample = { at: Date.now(), done: this.#take() }
    }
    await this.#sample.done
  }

  async #take(): Promise<void> {
    const ended = new Set<string>()
    this.#ended.add(ended)
    try {
      this.#tell(await this.#ask(), ended)
    } finally {
      this.#ended.delete(ended)
    }
  }

  /** A few at a time, so that others have their turn between them. */
  async #ask(): Promise<ManagedSummary[]> {
    const running = this.#jobs.all().filter(({ state }) => state === 'active')
    const statuses: ManagedSummary[] = []
    const names = running.map(({ name }) => name).values()
    const ask = async (): Promise<void> => {
      for (const name of names) {
        const status = await this.#jobs.status(name).catch(() => undefined)
        if (status?.state === 'active') statuses.push(status)
      }
    }
    await Promise.all(Array.from({ length: abreast }, ask))
    return statuses
  }

  #tell(statuses: readonly ManagedSummary[], ended: ReadonlySet<string>): void {
    const groups = this.#groups.of(statuses)
    for (const gauge of Object.values(this.#gauges)) gauge.reset()
    for (const { labels, members } of groups) {
      const sum = (amount: (status: ManagedStatus) => number | null | undefined) =>
        members.reduce((total, member) => total + (amount(member) ?? 0), 0)
      this.#gauges.running.set(labels, members.length)
      this.#gauges.memoryBytes.set(
        labels,
        sum(({ usage }) => usage?.memoryBytes),
      )
      this.#gauges.pids.set(
        labels,
        sum(({ usage }) => usage?.pids),
      )
    }
    for (const status of statuses) if (!ended.has(keyOf(status))) this.#count(status)
  }

  /** Adds what has come since it was counted last. Of a job that is older than we are, what it had used before is not ours. */
  #count(status: ManagedSummary): void {
    const now = amountsOf(status)
    const isOurs = (status.startedAt?.getTime() ?? 0) >= this.#begun
    const before = this.#counted.get(keyOf(status)) ?? (isOurs ? undefined : now)
    this.#counted.set(keyOf(status), now)
    const { labels } = this.#groups.groupOf(status)
    for (const [name, counter] of Object.entries(this.#counters)) {
      const amount = name as keyof Amounts
      counter.inc(labels, Math.max(0, now[amount] - (before?.[amount] ?? 0)))
    }
  }

  #forget({ labels }: Group): void {
    for (const metric of [...Object.values(this.#gauges), ...Object.values(this.#counters)]) metric.remove(labels)
  }
}

/** Usage is that of an attempt. */
function keyOf({ name, attempt }: ManagedSummary): string {
  return `${name} ${attempt}`
}
