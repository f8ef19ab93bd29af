import type { CgroupRunner, JobStatus, JobSummary } from '@corral/runner'

import { parseBytes } from '../text/bytes.ts'

/** What a job uses, as a row of the table and as an object for programs. `null`: the host does not count it. */
export interface Sample {
  name: string
  at: Date
  /** Of one CPU, since the last sample; in the first one, since the start. */
  cpuPercent: number
  /** Share of the time in which the job was held back by its CPU limit. */
  throttledPercent: number | null
  memoryBytes: number | null
  memoryPeakBytes: number | null
  memoryMaxBytes: number | null
  ioReadBytes: number | null
  ioWriteBytes: number | null
  pids: number | null
}

interface Reading {
  atMs: number
  cpuUs: number
  throttledUs: number | null
}

type Source = Pick<CgroupRunner, 'list' | 'inspect'>

/** Takes samples of the jobs that run, of all or of some. */
export class Sampler {
  readonly #runner: Source
  readonly #names: ReadonlySet<string>
  #last = new Map<string, Reading>()

  constructor(runner: Source, names: readonly string[]) {
    this.#runner = runner
    this.#names = new Set(names)
  }

  /** What the jobs use now; those that do not run are left out. */
  async sample(): Promise<Sample[]> {
    const jobs = await this.#activeJobs()
    const last = this.#last
    this.#last = new Map()
    return Promise.all(jobs.map((job) => this.#sampleJob(job, last.get(job.name))))
  }

  async #activeJobs(): Promise<JobSummary[]> {
    const jobs = await this.#runner.list()
    return jobs.filter(({ name, active }) => active && (this.#names.size === 0 || this.#names.has(name)))
  }

  async #sampleJob(job: JobSummary, last: Reading = beginning(job)): Promise<Sample> {
    const { name, usage } = job
    const at = new Date()
    const cpuUs = (usage?.cpuUserUs ?? 0) + (usage?.cpuSystemUs ?? 0)
    const throttledUs = usage?.cpuThrottledUs ?? null
    this.#last.set(name, { atMs: at.getTime(), cpuUs, throttledUs })
    const elapsedUs = Math.max(1, at.getTime() - last.atMs) * 1000
    const percent = (us: number): number => Math.round((us / elapsedUs) * 1000) / 10
    return {
      name,
      at,
      cpuPercent: percent(cpuUs - last.cpuUs),
      throttledPercent: throttledUs === null ? null : percent(throttledUs - (last.throttledUs ?? 0)),
      memoryBytes: usage?.memoryBytes ?? null,
      memoryPeakBytes: usage?.memoryPeakBytes ?? null,
      memoryMaxBytes: await this.#memoryMax(name),
      ioReadBytes: usage?.ioReadBytes ?? null,
      ioWriteBytes: usage?.ioWriteBytes ?? null,
      pids: usage?.pids ?? null,
    }
  }

  /** Null: there is no limit, or the job has gone meanwhile. */
  async #memoryMax(name: string): Promise<number | null> {
    const description = await this.#runner.inspect(name).catch(() => undefined)
    return parseBytes(description?.spec.limits.memoryMax) ?? null
  }
}

function beginning({ startedAt }: JobStatus): Reading {
  return { atMs: startedAt.getTime(), cpuUs: 0, throttledUs: 0 }
}
