import {
  dateFromProto,
  durationToProto,
  type JobUsage,
  limitsFromProto,
  type StatsResponse,
  usageFromProto,
} from '@corral/api'
import type { Limits, Usage } from '@corral/runner'

import type { Link } from '../calls/link.ts'
import { fromMessage, toMessage } from '../calls/messages.ts'

/** What `stats` takes. */
export interface StatsOptions {
  /** Milliseconds between two samples, from 100. Default 1,000. */
  intervalMs?: number
  /** Ends the samples. */
  signal?: AbortSignal
}

/** What jobs used at a time. */
export interface StatsSample {
  at: Date
  jobs: readonly JobSample[]
}

/** What a job used, and what it may use. */
export interface JobSample {
  name: string
  owner: string
  startedAt: Date
  /** Null: it is not counted, as with `noLimits`. */
  usage: Usage | null
  limits: Limits
}

/** Samples of jobs, of all that run when none is named. */
export async function* sampleStats(
  link: Link,
  names: readonly string[],
  { intervalMs, signal }: StatsOptions,
): AsyncGenerator<StatsSample, void, undefined> {
  const interval = intervalMs === undefined ? undefined : toMessage(() => durationToProto('intervalMs', intervalMs))
  const request = { names: [...names], ...(interval && { interval }) }
  for await (const sample of link.follow((options) => link.jobs.stats(request, options), signal)) {
    yield fromMessage(link.address, () => readSample(sample))
  }
}

function readSample({ at, jobs }: StatsResponse): StatsSample {
  return { at: dateFromProto('at', at), jobs: jobs.map((job, index) => readJob(job, `jobs[${index}]`)) }
}

function readJob({ name, owner, startedAt, usage, limits }: JobUsage, at: string): JobSample {
  return {
    name,
    owner,
    startedAt: dateFromProto(`${at}.started_at`, startedAt),
    usage: usage ? usageFromProto(usage, `${at}.usage`) : null,
    limits: limits ? limitsFromProto(limits) : {},
  }
}
