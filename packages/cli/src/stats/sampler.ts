import { parseBytes } from '../text/bytes.ts'
import type { JobUsage } from './usage.ts'

/** What a job uses at a time. `null`: it is not counted, or there is no limit. */
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
  /** Since the last sample, as above. */
  ioBytesPerSecond: number | null
  pids: number | null
}

interface Reading {
  atMs: number
  cpuUs: number
  throttledUs: number | null
  ioBytes: number | null
}

/** Makes of what jobs have used what they use now. */
export class Sampler {
  #last = new Map<string, Reading>()

  /** Samples of these jobs; what is known of others is forgotten. */
  sample(jobs: readonly JobUsage[]): Sample[] {
    const last = this.#last
    this.#last = new Map(jobs.map((job) => [job.name, readingOf(job)]))
    return jobs.map((job) => sampleOf(job, this.#last.get(job.name)!, beginningOf(job, last.get(job.name))))
  }
}

function readingOf({ at, usage }: JobUsage): Reading {
  const { ioReadBytes = null, ioWriteBytes = null } = usage ?? {}
  return {
    atMs: at.getTime(),
    cpuUs: (usage?.cpuUserUs ?? 0) + (usage?.cpuSystemUs ?? 0),
    throttledUs: usage?.cpuThrottledUs ?? null,
    ioBytes: ioReadBytes === null && ioWriteBytes === null ? null : (ioReadBytes ?? 0) + (ioWriteBytes ?? 0),
  }
}

/** The last reading; or the start, also of a job that was started again since. */
function beginningOf({ startedAt }: JobUsage, last: Reading | undefined): Reading {
  const started = { atMs: startedAt.getTime(), cpuUs: 0, throttledUs: 0, ioBytes: 0 }
  return last && last.atMs >= started.atMs ? last : started
}

function sampleOf({ name, at, usage, memoryMax }: JobUsage, now: Reading, last: Reading): Sample {
  const elapsedMs = Math.max(1, now.atMs - last.atMs)
  const percent = (us: number): number => Math.max(0, Math.round(us / elapsedMs) / 10)
  return {
    name,
    at,
    cpuPercent: percent(now.cpuUs - last.cpuUs),
    throttledPercent: now.throttledUs === null ? null : percent(now.throttledUs - (last.throttledUs ?? 0)),
    memoryBytes: usage?.memoryBytes ?? null,
    memoryPeakBytes: usage?.memoryPeakBytes ?? null,
    memoryMaxBytes: parseBytes(memoryMax) ?? null,
    ioReadBytes: usage?.ioReadBytes ?? null,
    ioWriteBytes: usage?.ioWriteBytes ?? null,
    ioBytesPerSecond:
      now.ioBytes === null ? null : Math.max(0, Math.round(((now.ioBytes - (last.ioBytes ?? 0)) * 1000) / elapsedMs)),
    pids: usage?.pids ?? null,
  }
}
